#include <algorithm>
#include <utility>

#include "shared/selection.hpp"

namespace solar {

namespace {

constexpr std::size_t kLiveInARowMax = 4;  // then one message of backlog, if there is any

/// Only rows of one origin go into one message: the topic names it.
void keep_first_origin(std::vector<TakenRow>& rows) {
  const auto other = std::find_if(rows.begin(), rows.end(), [&rows](const TakenRow& row) {
    return row.parcel.origin != rows.front().parcel.origin;
  });
  rows.erase(other, rows.end());
}

void keep_bytes(std::vector<TakenRow>& rows, std::size_t max_bytes) {
  std::size_t bytes = rows.front().parcel.body.size();
  const auto over = std::find_if(rows.begin() + 1, rows.end(), [&bytes, max_bytes](const TakenRow& row) {
    bytes += row.parcel.body.size();
    return bytes > max_bytes;
  });
  rows.erase(over, rows.end());
}

}  // namespace

LiveFirst::LiveFirst(const Queue& queue, Limits limits) : limits_{limits}, seen_seq_{queue.last_seq()} {}

void LiveFirst::note_news(Queue& queue, Now now) {
  for (const VillageNumber village : queue.take_news()) {
    if (std::find(villages_.begin(), villages_.end(), village) == villages_.end()) villages_.push_back(village);
    due_at_ = Millis{0};
  }
  if (queue.last_seq() > seen_seq_) {
    std::vector<RowId> rows = queue.newest(seen_seq_, limits_.live_max);
    if (!rows.empty()) seen_seq_ = rows.front().seq;
    std::reverse(rows.begin(), rows.end());
    for (const RowId& row : rows) live_.push_back({.row = row, .seen_at = now.steady});
  }
  while (!live_.empty() && (live_.size() > limits_.live_max || now.steady - live_.front().seen_at > limits_.live_age)) {
    live_.pop_front();
  }
}

LiveFirst::Batch LiveFirst::next(Queue& queue, Now now, Slots slots, const Queue::Skip& held) {
  note_news(queue, now);
  const bool backlog_turn = live_.empty() || live_in_a_row_ >= kLiveInARowMax;
  if (backlog_turn) {
    auto rows = backlog(queue, slots, held);
    // Backlog that waits for room keeps its turn.
    if (!rows || !rows->empty()) live_in_a_row_ = 0;
    if (rows && !rows->empty()) return {.rows = *std::move(rows), .live = false};
  }
  while (slots.live > 0 && !live_.empty()) {
    const RowId row = live_.front().row;
    live_.pop_front();
    if (held(row.seq)) continue;
    auto taken = queue.read(row);
    if (!taken) continue;
    ++live_in_a_row_;
    Batch batch{.rows = {}, .live = true};
    batch.rows.push_back(*std::move(taken));
    return batch;
  }
  if (backlog_turn) return {};
  return {.rows = backlog(queue, slots, held).value_or(std::vector<TakenRow>{}), .live = false};
}

/// The next message's worth; nullopt: there is none; empty: it waits for room for a full message rather than be many
/// small ones.
std::optional<std::vector<TakenRow>> LiveFirst::backlog(Queue& queue, Slots slots, const Queue::Skip& held) {
  if (slots.backlog == 0) return std::vector<TakenRow>{};
  const std::size_t worthwhile = std::min(limits_.batch_readings, slots.window / 2);
  const std::size_t limit = std::min(limits_.batch_readings, slots.backlog);
  for (const VillageNumber village : villages_) {
    std::int64_t& cursor = cursors_[village];
    while (true) {
      std::vector<TakenRow> rows = queue.fresh(village, cursor, limit, limits_.batch_bytes);
      if (rows.empty()) break;
      const std::size_t found = rows.size();
      const std::int64_t last = rows.back().parcel.row.seq;
      std::erase_if(rows, [&](const TakenRow& row) {
        const std::int64_t seq = row.parcel.row.seq;
        return held(seq) || (!live_.empty() && seq >= live_.front().row.seq);
      });
      if (rows.empty()) {
        if (!live_.empty() && last >= live_.front().row.seq) break;
        cursor = last;
        continue;
      }
      if (found == limit && slots.backlog < worthwhile) return std::vector<TakenRow>{};
      keep_first_origin(rows);
      cursor = rows.back().parcel.row.seq;
      return rows;
    }
  }
  return std::nullopt;
}

std::vector<TakenRow> LiveFirst::due(Queue& queue, Now now, const Queue::Skip& held) {
  note_news(queue, now);
  if (!due_at_ || *due_at_ > now.steady) return {};
  std::optional<Millis> next;
  for (const VillageNumber village : villages_) {
    std::vector<TakenRow> rows = queue.due(village, now.wall, held, limits_.batch_readings);
    if (!rows.empty()) {
      keep_first_origin(rows);
      keep_bytes(rows, limits_.batch_bytes);
      return rows;
    }
    if (const auto due_wall = queue.next_due(village, held)) {
      const Millis due_at = now.steady + std::clamp(*due_wall - now.wall, Millis{1}, kRestMax);
      next = next ? std::min(*next, due_at) : due_at;
    }
  }
  due_at_ = next;
  return {};
}

void LiveFirst::on_rest(Millis due_in, Now now) {
  const Millis due_at = now.steady + due_in;
  due_at_ = due_at_ ? std::min(*due_at_, due_at) : due_at;
}

}  // namespace solar
