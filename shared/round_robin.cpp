#include <algorithm>
#include <utility>

#include "shared/selection.hpp"

namespace solar {

namespace {

constexpr std::size_t kReadAheadRows = 1024;  // of all villages together
constexpr std::size_t kReadAheadPerVillage = 32;
constexpr std::size_t kReadAheadBytes = 16 * 1024;  // per village, but for the first row

}  // namespace

std::optional<TakenRow> RoundRobin::next(Queue& queue, Now now, const MayTake& may_take, const Queue::Skip& held) {
  wake(queue, now);
  for (std::size_t turns = ring_.size(); turns > 0; --turns) {
    // It goes to the back before anything is read: a full disk may end the reading.
    const VillageNumber number = ring_.front();
    ring_.pop_front();
    ring_.push_back(number);
    if (!may_take(number)) continue;
    Village& village = villages_.at(number);
    if (auto row = take(queue, number, village, now, held)) return row;
    let_sleep(queue, number, village, now, held);
  }
  return std::nullopt;
}

void RoundRobin::wake(Queue& queue, Now now) {
  for (const VillageNumber number : queue.take_news()) {
    Village& village = villages_[number];
    village.fresh_may_be = true;
    put_in_ring(number, village);
    village.due_at = Millis{0};
  }
  while (!sleeping_.empty() && sleeping_.begin()->first <= now.steady) {
    const VillageNumber number = sleeping_.begin()->second;
    put_in_ring(number, villages_.at(number));
  }
}

void RoundRobin::put_in_ring(VillageNumber number, Village& village) {
  if (std::exchange(village.in_ring, true)) return;
  if (village.due_at) sleeping_.erase({*village.due_at, number});
  ring_.push_back(number);
}

/// REQUIRES: it is outside the ring.
void RoundRobin::sleep_until(Millis due_at, VillageNumber number, Village& village) {
  if (village.due_at) sleeping_.erase({*village.due_at, number});
  village.due_at = due_at;
  sleeping_.emplace(due_at, number);
}

void RoundRobin::let_sleep(Queue& queue, VillageNumber number, Village& village, Now now, const Queue::Skip& held) {
  const std::optional<Millis> due_wall = queue.next_due(number, held);
  ring_.pop_back();
  village.in_ring = false;
  if (due_wall) {
    sleep_until(now.steady + std::clamp(*due_wall - now.wall, Millis{1}, kRestMax), number, village);
  } else {
    villages_.erase(number);
  }
}

std::optional<TakenRow> RoundRobin::take(Queue& queue, VillageNumber number, Village& village, Now now,
                                         const Queue::Skip& held) {
  const bool due_first = std::exchange(village.due_turn, !village.due_turn);
  if (due_first) {
    if (auto row = take_due(queue, number, village, now, held)) return row;
  }
  while (auto row = take_fresh(queue, number, village)) {
    // A village that was forgotten while rows of it were held starts from its first row again.
    if (!held(row->parcel.row.seq)) return row;
  }
  return take_due(queue, number, village, now, held);
}

std::optional<TakenRow> RoundRobin::take_fresh(Queue& queue, VillageNumber number, Village& village) {
  if (village.read_ahead.empty() && village.fresh_may_be) {
    const std::size_t share = std::clamp(kReadAheadRows / ring_.size(), std::size_t{1}, kReadAheadPerVillage);
    for (TakenRow& row : queue.fresh(number, village.fresh_cursor, share, kReadAheadBytes)) {
      village.fresh_cursor = row.parcel.row.seq;
      village.read_ahead.push_back(std::move(row));
    }
    village.fresh_may_be = !village.read_ahead.empty();
  }
  if (village.read_ahead.empty()) return std::nullopt;
  TakenRow row = std::move(village.read_ahead.front());
  village.read_ahead.pop_front();
  return row;
}

std::optional<TakenRow> RoundRobin::take_due(Queue& queue, VillageNumber number, Village& village, Now now,
                                             const Queue::Skip& held) {
  if (!village.due_at || *village.due_at > now.steady) return std::nullopt;
  std::vector<TakenRow> rows = queue.due(number, now.wall, held, 1);
  if (!rows.empty()) return std::move(rows.front());
  const auto due_wall = queue.next_due(number, held);
  if (due_wall) {
    village.due_at = now.steady + std::clamp(*due_wall - now.wall, Millis{1}, kRestMax);
  } else {
    village.due_at.reset();
  }
  return std::nullopt;
}

void RoundRobin::on_rest(VillageNumber number, Millis due_in, Now now) {
  const auto [known, is_new] = villages_.try_emplace(number);
  Village& village = known->second;
  if (is_new) village.due_at.reset();  // it was forgotten, so nothing of it rested
  const Millis due_at = now.steady + due_in;
  if (village.due_at && *village.due_at <= due_at) return;
  if (village.in_ring) {
    village.due_at = due_at;
  } else {
    sleep_until(due_at, number, village);
  }
}

std::optional<Millis> RoundRobin::next_due() const {
  if (sleeping_.empty()) return std::nullopt;
  return sleeping_.begin()->first;
}

}  // namespace solar
