// What the courier sends, and when.
#include <algorithm>
#include <utility>

#include "shared/courier.hpp"
#include "shared/log.hpp"

namespace solar {

namespace {

constexpr Millis kSilenceWorthAWord{10 * 60'000};
constexpr Millis kOthersExpected{60'000};  // a village that has sent may send again within this

}  // namespace

void Courier::send(RoundRobin& villages, Now now) {
  if (presence_.away()) {
    if (stats_.open > 0 || sink_.room() == 0 || presence_.next_knock() > now.steady) return;
    presence_.knocked(now.steady);  // also with nothing to knock with: it is looked for again after the interval
    static_cast<void>(knock(villages, now));
    return;
  }
  // In turns: failing readings of one village must not keep new ones of another waiting for ever.
  while (sink_.room() > 0 && stats_.open < window_.size()) {
    retry_turn_ = !retry_turn_;
    const bool sent = retry_turn_ ? send_retry(now, false) || send_new(villages, now)
                                  : send_new(villages, now) || send_retry(now, false);
    if (!sent) return;
  }
}

/// One reading, to learn whether central is back: another one if the last may itself have been the trouble.
bool Courier::knock(RoundRobin& villages, Now now) {
  if (last_cause_ && may_blame_reading(*last_cause_)) return send_new(villages, now) || send_retry(now, true);
  return send_retry(now, true) || send_new(villages, now);
}

bool Courier::send_retry(Now now, bool even_if_early) {
  const std::optional<std::int64_t> seq = next_retry(now, even_if_early);
  if (!seq) return false;
  const std::optional<TakenRow> row = queue_.read(in_hand_.at(*seq).row);
  if (row) {
    dispatch(now, {&*row, 1});
  } else {
    let_go(*seq);
  }
  return true;
}

std::optional<std::int64_t> Courier::next_retry(Now now, bool even_if_early) const {
  for (const auto& [at, seq] : timers_) {
    if (at > now.steady && !even_if_early) return std::nullopt;
    if (may_open(now, in_hand_.at(seq).village)) return seq;
  }
  return std::nullopt;
}

/// A village may hold as much as is still free for others: full of failing readings it never takes the last place.
bool Courier::may_hold(VillageNumber village) const {
  return share_of(village).held < policy_.in_hand_max - in_hand_.size();
}

/// The same for the window, where other villages have sent lately: requests that hang until they time out leave places
/// for theirs.
bool Courier::may_open(Now now, VillageNumber village) const {
  if (last_sent_.of_others(village) + kOthersExpected < now.steady) return true;
  return share_of(village).open + stats_.open < window_.size();
}

bool Courier::send_new(RoundRobin& villages, Now now) {
  if (in_hand_.size() >= policy_.in_hand_max) return false;
  const auto may_take = [&](VillageNumber village) { return may_hold(village) && may_open(now, village); };
  const std::optional<TakenRow> row = villages.next(queue_, now, may_take, held());
  if (!row) return false;
  dispatch(now, {&*row, 1});
  return true;
}

void Courier::send(LiveFirst& lines, Now now) {
  send_expired(lines, now);
  send_resting(lines, now);
  while (sink_.room() > 0) {
    const LiveFirst::Batch batch = lines.next(queue_, now, free_slots(), held());
    if (batch.rows.empty()) return;
    dispatch(now, batch.rows);
  }
}

/// A window full of readings that are never confirmed must not be the end: when all in hand are late, a few more may go
/// beyond it. If those are confirmed, the others are seen to be stuck and leave.
LiveFirst::Slots Courier::free_slots() const {
  const auto left = [](std::size_t all, std::size_t used) { return all - std::min(all, used); };
  const std::size_t window = window_.size();
  const std::size_t for_backlog = window - window / 10;
  const std::size_t used = in_hand_.size();
  const auto late = static_cast<std::size_t>(
      std::count_if(in_hand_.begin(), in_hand_.end(), [](const auto& entry) { return entry.second.attempts > 1; }));
  const std::size_t beyond = used > 0 && late == used ? std::max<std::size_t>(window / 10, 1) : 0;
  return {.live = std::min(std::max(left(window, used), beyond), left(policy_.in_hand_max, used)),
          .backlog = std::max(left(for_backlog, used), std::min(beyond, left(policy_.in_hand_max / 2, used))),
          .window = left(for_backlog, late)};
}

/// Readings whose receipt did not come in time go again; they hold their places in the window already.
void Courier::send_expired(LiveFirst& lines, Now now) {
  while (sink_.room() > 0 && !timers_.empty() && timers_.begin()->first <= now.steady) {
    const std::vector<TakenRow> rows = expired(lines, now);
    if (!rows.empty()) dispatch(now, rows);
  }
}

/// The next message's worth of them. Those that timed out twice while later ones were confirmed are laid to rest.
std::vector<TakenRow> Courier::expired(LiveFirst& lines, Now now) {
  const auto& limits = std::get<CourierPolicy::Receipts>(policy_.side).selection;
  std::vector<TakenRow> rows;
  std::vector<Rest> stuck;
  std::vector<std::int64_t> gone;  // damaged on the disk, in quarantine
  std::size_t bytes = 0;
  std::size_t late = 0;
  for (const auto& [at, seq] : timers_) {
    if (at > now.steady || rows.size() == limits.batch_readings || stuck.size() == limits.batch_readings) break;
    InHand& entry = in_hand_.at(seq);
    if (entry.attempts >= 2 && confirmed_sent_at_ > entry.sent_at) {
      const Millis rest = rest_for(entry.attempts + 1);
      stuck.push_back({.row = entry.row, .due_at = std::max(Millis{1}, now.wall + rest), .round = entry.attempts});
      lines.on_rest(rest, now);
      continue;
    }
    std::optional<TakenRow> row = queue_.read(entry.row);
    if (!row) {
      gone.push_back(seq);
      continue;
    }
    bytes += row->parcel.body.size();
    if (!rows.empty() && (bytes > limits.batch_bytes || row->parcel.origin != rows.front().parcel.origin)) break;
    rows.push_back(*std::move(row));
    if (!entry.open) continue;  // it never went, or to a broker that has forgotten it
    ++late;
    if (!heard_at_ || *heard_at_ < entry.sent_again_at) silent_ = true;
  }
  for (const std::int64_t seq : gone) let_go(seq);
  queue_.rest(stuck);
  stats_.rested += stuck.size();
  for (const Rest& rest : stuck) let_go(rest.row.seq);
  if (late > 0 || !stuck.empty()) {
    stats_.failed += late + stuck.size();
    log::limited(log::Level::Warning, "no receipt in time, sending again",
                 {{"readings", late}, {"resting", stuck.size()}});
    warn_of_silence(now);
  }
  return rows;
}

/// A read ACL that denies the receipts is silent: nothing else would tell.
void Courier::warn_of_silence(Now now) {
  if (!silent_since_ || now.steady - *silent_since_ < kSilenceWorthAWord) return;
  log::limited(log::Level::Error,
               "connected, but no receipt for 10 minutes: is a forwarder running, is central up, and may this village "
               "read its receipts topic?",
               {{"unconfirmed", in_hand_.size()}, {"silent_for", now.steady - *silent_since_}});
}

/// A reading at rest goes again when its timer says so, and rests on: it holds no place in the window.
void Courier::send_resting(LiveFirst& lines, Now now) {
  while (sink_.room() > 0) {
    const std::vector<TakenRow> rows = lines.due(queue_, now, held());
    if (rows.empty()) return;
    std::vector<Rest> rests;
    std::vector<Parcel> parcels;
    for (const TakenRow& row : rows) {
      const Millis rest = rest_for(row.round + 1);
      rests.push_back({.row = row.parcel.row, .due_at = std::max(Millis{1}, now.wall + rest), .round = row.round + 1});
      parcels.push_back(row.parcel);
      lines.on_rest(rest, now);
    }
    queue_.rest(rests);
    stats_.sent += rows.size();
    sink_.send(parcels);
  }
}

void Courier::dispatch(Now now, std::span<const TakenRow> rows) {
  std::vector<Parcel> parcels;
  parcels.reserve(rows.size());
  for (const TakenRow& row : rows) {
    const bool is_new = !in_hand_.contains(row.parcel.row.seq);
    InHand& entry = is_new ? hold(row) : in_hand_.at(row.parcel.row.seq);
    if (is_new) entry.sent_at = now.steady;
    entry.sent_again_at = now.steady;
    ++entry.tries;
    if (!presence_.away()) ++entry.attempts;
    set_open(entry, true);
    last_sent_.note(entry.village, now.steady);
    if (rounds() == nullptr) {
      set_timer(entry, now.steady + timeout_for(entry.attempts));
    } else {
      clear_timer(entry);
    }
    parcels.push_back(row.parcel);
  }
  if (!silent_since_) silent_since_ = now.steady;
  stats_.sent += rows.size();
  sink_.send(parcels);
}

}  // namespace solar
