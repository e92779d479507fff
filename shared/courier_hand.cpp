// What the courier has in hand, and its timers.
#include <algorithm>
#include <cassert>
#include <utility>

#include "shared/courier.hpp"

namespace solar {

Courier::InHand& Courier::hold(const TakenRow& row) {
  InHand& entry = in_hand_[row.parcel.row.seq];
  entry.row = row.parcel.row;
  entry.village = row.village;
  entry.origin = row.parcel.origin;
  entry.id = row.parcel.id;
  entry.accepted_at = row.accepted_at;
  entry.round = row.round;
  ++shares_[row.village].held;
  return entry;
}

void Courier::let_go(std::int64_t seq) {
  const auto found = in_hand_.find(seq);
  assert(found != in_hand_.end());
  clear_timer(found->second);
  set_open(found->second, false);
  const auto share = shares_.find(found->second.village);
  if (--share->second.held == 0) shares_.erase(share);
  in_hand_.erase(found);
}

void Courier::set_open(InHand& entry, bool open) {
  if (std::exchange(entry.open, open) == open) return;
  Share& share = shares_.at(entry.village);
  if (open) {
    ++stats_.open;
    ++share.open;
  } else {
    --stats_.open;
    --share.open;
  }
}

void Courier::LastSent::note(VillageNumber sent, Millis steady) {
  if (sent != village) {
    other_at = at;
    village = sent;
  }
  at = steady;
}

Courier::Share Courier::share_of(VillageNumber village) const {
  const auto share = shares_.find(village);
  return share == shares_.end() ? Share{} : share->second;
}

void Courier::set_timer(InHand& entry, Millis at) {
  clear_timer(entry);
  entry.at = at;
  entry.timed = timers_.emplace(at, entry.row.seq).second;
}

void Courier::clear_timer(InHand& entry) {
  if (std::exchange(entry.timed, false)) timers_.erase({entry.at, entry.row.seq});
}

/// For metrics only: nothing is decided by it.
void Courier::note_delivery(Now now, const InHand& entry) {
  const auto seconds = [](Millis span) { return std::chrono::duration<double>(std::max(span, Millis{0})).count(); };
  // Of a failed round the disk keeps the number; a publisher's counts its attempts.
  const std::uint32_t before = rounds() != nullptr ? entry.round * rounds()->retry.attempts : entry.round;
  stats_.attempts.observe(static_cast<double>(before) + static_cast<double>(entry.tries));
  if (entry.tries > 0) stats_.answer_seconds.observe(seconds(now.steady - entry.sent_again_at));
  stats_.age_seconds.observe(seconds(now.wall - entry.accepted_at));
}

Queue::Skip Courier::held() const {
  return [this](std::int64_t seq) { return in_hand_.contains(seq); };
}

Millis Courier::timeout_for(std::uint32_t attempt) const {
  const auto& receipts = std::get<CourierPolicy::Receipts>(policy_.side);
  return answer_timeout(receipts.timeout_first, receipts.timeout_max, attempt, chance_());
}

/// The same for a reading at rest, whose due time must not be so far off that it counts as due.
Millis Courier::rest_for(std::uint32_t attempt) const { return std::min(timeout_for(attempt), kRestMax); }

}  // namespace solar
