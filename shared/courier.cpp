#include "shared/courier.hpp"

#include <algorithm>
#include <cassert>

#include "shared/log.hpp"
#include "shared/sqlite.hpp"

namespace solar {

namespace {

constexpr Millis kNoRoomPause{1'000};  // after the disk had no room for a removal
constexpr Millis kLongestSleep{60'000};

std::variant<RoundRobin, LiveFirst> selection_for(const Queue& queue, const CourierPolicy& policy) {
  if (const auto* receipts = std::get_if<CourierPolicy::Receipts>(&policy.side)) {
    return LiveFirst{queue, receipts->selection};
  }
  return RoundRobin{};
}

Millis knock_interval(const CourierPolicy& policy) {
  const auto* rounds = std::get_if<CourierPolicy::Rounds>(&policy.side);
  return rounds != nullptr ? rounds->knock_interval : Millis{0};
}

}  // namespace

Courier::Courier(Queue& queue, Sink& sink, CourierPolicy policy, std::function<double()> chance)
    : queue_{queue},
      sink_{sink},
      policy_{policy},
      chance_{std::move(chance)},
      selection_{selection_for(queue, policy)},
      window_{policy.window},
      presence_{knock_interval(policy)} {}

TickResult Courier::tick(Now now, std::span<const Completion> completions) {
  for (const Completion& completion : completions) {
    while_disk_has_room(now, [&] { settle(now, completion); });
  }
  if (hold_until_ && *hold_until_ <= now.steady) hold_until_.reset();
  while_disk_has_room(now, [&] { flush(now); });
  while_disk_has_room(now, [&] { make_due(now); });
  if (auto* lines = std::get_if<LiveFirst>(&selection_)) lines->note_news(queue_, now);
  if (!paused_ && !hold_until_) {
    while_disk_has_room(now, [&] { std::visit([&](auto& selection) { send(selection, now); }, selection_); });
  }
  return {.next = next_call(now), .settled = std::exchange(settled_, {})};
}

/// What cannot be written stays in hand or in the queue's memory, and is sent or removed again.
template <class Step>
void Courier::while_disk_has_room(Now now, Step step) {
  try {
    step();
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::limited(log::Level::Error, "no room on the disk for removals; make room, nothing is sent meanwhile",
                 {{"error", error.what()}});
    const Millis again_at = now.steady + kNoRoomPause;
    hold_until_ = hold_until_ ? std::max(*hold_until_, again_at) : again_at;
    flush_at_ = again_at;
  }
}

void Courier::settle(Now now, const Completion& completion) {
  const auto found = in_hand_.find(completion.row.seq);
  if (found == in_hand_.end() || found->second.row != completion.row) return settle_resting(now, completion);
  InHand& entry = found->second;
  set_open(entry, false);
  if (std::holds_alternative<Delivered>(completion.outcome)) return on_delivered(now, entry);
  if (const auto* refused = std::get_if<Refused>(&completion.outcome)) {
    const Outcome judged = rounds() != nullptr ? guard_.judge(*refused) : Outcome{*refused};
    if (const auto* kept = std::get_if<Unavailable>(&judged)) return on_unavailable(now, entry, *kept);
    return on_refused(now, entry, refused->why);
  }
  on_unavailable(now, entry, std::get<Unavailable>(completion.outcome));
}

/// A receipt that comes after its reading was laid to rest: it was sent, so the receipt counts.
void Courier::settle_resting(Now now, const Completion& completion) {
  const bool is_receipt = rounds() == nullptr && !std::holds_alternative<Unavailable>(completion.outcome);
  if (!is_receipt || !queue_.has_rested(completion.row)) {
    ++(is_receipt && queue_.may_have_gone(completion.row) ? stats_.repeated : stats_.strangers);
    return;
  }
  std::optional<TakenRow> row = queue_.read(completion.row);
  if (!row) return;
  InHand& entry = hold(*row);
  if (const auto* refused = std::get_if<Refused>(&completion.outcome)) return on_refused(now, entry, refused->why);
  on_delivered(now, entry);
}

void Courier::on_delivered(Now now, InHand& entry) {
  ++stats_.delivered;
  note_delivery(now, entry);
  guard_.on_delivered();
  window_.on_success();
  settled_.push_back({.row = entry.row,
                      .origin = entry.origin,
                      .id = entry.id,
                      .refused = std::nullopt,
                      .accepted_at = entry.accepted_at});
  const RowId row = entry.row;
  confirmed_sent_at_ = std::max(confirmed_sent_at_, rounds() != nullptr ? entry.sent_again_at : entry.sent_at);
  let_go(row.seq);
  if (const auto* side = rounds(); side != nullptr && !flush_at_) flush_at_ = now.steady + side->flush_removals_after;
  heard(now);
  queue_.remove({&row, 1});
}

/// The other side has answered: a delivery to a forwarder, any receipt to a publisher.
void Courier::heard(Now now) {
  silent_since_.reset();
  heard_at_ = now.steady;
  const bool came = presence_.on_delivered() == Presence::Change::CameBack;
  if (std::exchange(silent_, false) || came) came_back(now);
  rested_in_trouble_.clear();
}

void Courier::on_refused(Now now, InHand& entry, const std::string& why) {
  if (rounds() == nullptr) heard(now);
  presence_.on_refused();
  if (!presence_.away()) rested_in_trouble_.clear();
  set_timer(entry, now.steady + kNoRoomPause);  // where it stays if the disk has no room
  // A reading with its sender's own id is kept by that sender, who gets the reason in the receipt.
  if (entry.id) {
    queue_.remove({&entry.row, 1});
    if (!flush_at_) flush_at_ = now.steady;
  } else {
    queue_.refuse(entry.row, why, now.wall);
  }
  guard_.on_refused();
  ++stats_.refused;
  log::limited(log::Level::Warning, "reading refused",
               {{"village", entry.origin.village}, {"device", entry.origin.device}, {"reason", why}});
  settled_.push_back(
      {.row = entry.row, .origin = entry.origin, .id = entry.id, .refused = why, .accepted_at = entry.accepted_at});
  let_go(entry.row.seq);
}

void Courier::on_unavailable(Now now, InHand& entry, const Unavailable& unavailable) {
  const auto* side = rounds();
  assert(side != nullptr);
  ++stats_.failed;
  ++stats_.unavailable.at(static_cast<std::size_t>(unavailable.cause));
  last_cause_ = unavailable.cause;
  const bool was_away = presence_.away();
  // Requests are in a row as they were sent: what times out after a later one's 2xx says little of central.
  const bool straggles = unavailable.cause == Cause::Timeout && entry.sent_again_at < confirmed_sent_at_;
  bool went_away = false;
  if (straggles) {
    window_.on_straggler();
  } else {
    went_away = presence_.on_unavailable(unavailable.cause, now.steady) == Presence::Change::WentAway;
    if (shrinks_window(unavailable.cause)) window_.on_overload();
  }
  if (!presence_.in_trouble()) rested_in_trouble_.clear();
  if (unavailable.retry_after) {
    const Millis until = now.steady + clamp_retry_after(*unavailable.retry_after);
    hold_until_ = hold_until_ ? std::max(*hold_until_, until) : until;
  }
  const auto level = unavailable.cause == Cause::Misconfigured ? log::Level::Error : log::Level::Warning;
  log::limited(level, was_away ? "central still away" : "attempt failed",
               {{"why", unavailable.why},
                {"cause", to_string(unavailable.cause)},
                {"attempt", std::to_string(entry.attempts) + "/" + std::to_string(side->retry.attempts)},
                {"village", entry.origin.village}});
  if (went_away) {
    log::event(level, "central is away; readings are kept, one knock per interval",
               {{"why", unavailable.why}, {"knock_interval", side->knock_interval}});
  }
  if (was_away || went_away) {
    set_timer(entry, now.steady + side->retry.interval);
  } else {
    after_failed_attempt(now, entry, side->retry, unavailable);
  }
}

void Courier::after_failed_attempt(Now now, InHand& entry, const RetryPolicy& retry, const Unavailable& why) {
  if (entry.attempts < retry.attempts) {
    set_timer(entry, now.steady + retry.interval);
    return;
  }
  const Millis rest = rest_after(retry, entry.round + 1, chance_());
  set_timer(entry, now.steady + retry.interval);  // where it stays if the disk has no room
  const Rest rested{.row = entry.row, .due_at = std::max(Millis{1}, now.wall + rest), .round = entry.round + 1};
  queue_.rest({&rested, 1});
  ++stats_.rested;
  log::limited(log::Level::Warning, "round failed, the reading rests",
               {{"id", to_string(entry.row)}, {"round", entry.round + 1}, {"rest", rest}, {"why", why.why}});
  if (presence_.in_trouble()) rested_in_trouble_.push_back({.rest = rested, .village = entry.village});
  std::get<RoundRobin>(selection_).on_rest(entry.village, rest, now);
  let_go(entry.row.seq);
}

/// What waited because nobody answered is due now; the window paces it.
void Courier::came_back(Now now) {
  if (const auto* receipts = std::get_if<CourierPolicy::Receipts>(&policy_.side)) {
    for (auto& [seq, entry] : in_hand_) {
      entry.attempts = 1;
      set_timer(entry, std::min(entry.at, now.steady + receipts->timeout_first));
    }
    return;
  }
  log::info("central is back", {{"in_hand", in_hand_.size()}});
  for (auto& [seq, entry] : in_hand_) {
    if (entry.open) continue;
    entry.attempts = 0;
    set_timer(entry, now.steady);
  }
  due_again_ = std::exchange(rested_in_trouble_, {});
}

void Courier::make_due(Now now) {
  if (due_again_.empty()) return;
  std::vector<Rest> rests;
  for (const RestedRow& rested : due_again_) {
    if (in_hand_.contains(rested.rest.row.seq)) continue;
    rests.push_back({.row = rested.rest.row, .due_at = std::max(Millis{1}, now.wall), .round = rested.rest.round});
  }
  queue_.rest(rests);
  for (const RestedRow& rested : std::exchange(due_again_, {})) {
    std::get<RoundRobin>(selection_).on_rest(rested.village, Millis{0}, now);
  }
}

void Courier::pause() { paused_ = true; }

void Courier::resume(Now now, bool session_present) {
  paused_ = false;
  window_.start_over();
  silent_since_.reset();
  const auto* receipts = std::get_if<CourierPolicy::Receipts>(&policy_.side);
  if (receipts == nullptr) return;
  for (auto& [seq, entry] : in_hand_) {
    if (session_present) {
      set_timer(entry, now.steady + timeout_for(entry.attempts));
    } else {
      entry.attempts = 0;  // a broker that forgot costs no attempts
      set_open(entry, false);
      set_timer(entry, now.steady);
    }
  }
}

void Courier::flush(Now now) {
  if (!flush_at_ || *flush_at_ > now.steady) return;
  queue_.flush_removals();
  flush_at_.reset();
}

Millis Courier::next_call(Now now) const {
  Millis next = now.steady + kLongestSleep;
  const auto consider = [&next](std::optional<Millis> at) {
    if (at) next = std::min(next, *at);
  };
  consider(flush_at_);
  if (paused_) return next;
  if (hold_until_) {
    consider(hold_until_);
    return next;
  }
  // Without room only a completion helps, and that wakes the sink.
  if (sink_.room() == 0) return next;
  if (presence_.away()) {
    if (stats_.open == 0) consider(presence_.next_knock());
    return next;
  }
  if (rounds() != nullptr && stats_.open >= window_.size()) return next;
  // A retry that is due but has no place goes when an answer makes one, and that wakes the sink.
  const auto can_go = [&](const auto& timer) {
    return rounds() == nullptr || timer.first > now.steady || may_open(now, in_hand_.at(timer.second).village);
  };
  if (const auto timer = std::find_if(timers_.begin(), timers_.end(), can_go); timer != timers_.end())
    consider(timer->first);
  const bool may_take = rounds() == nullptr || in_hand_.size() < policy_.in_hand_max;
  if (may_take) consider(std::visit([](const auto& selection) { return selection.next_due(); }, selection_));
  return std::max(next, now.steady);
}

CourierStats Courier::stats() const {
  CourierStats stats = stats_;
  stats.in_hand = in_hand_.size();
  stats.window = window_.size();
  stats.away = presence_.away();
  return stats;
}

}  // namespace solar
