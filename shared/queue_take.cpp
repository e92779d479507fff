// Reading rows from the queue, each checked against its CRC.
#include <utility>

#include "shared/checksum.hpp"
#include "shared/log.hpp"
#include "shared/queue.hpp"
#include "shared/queue_tables.hpp"

namespace solar {

std::vector<VillageNumber> Queue::take_news() {
  const std::lock_guard lock{mutex_};
  std::vector<VillageNumber> news{news_.begin(), news_.end()};
  news_.clear();
  return news;
}

std::vector<TakenRow> Queue::fresh(VillageNumber village, std::int64_t after_seq, std::size_t limit,
                                   std::size_t max_bytes) {
  const std::lock_guard lock{mutex_};
  // Nothing may be returned only where nothing is left: behind removed and damaged rows there are whole ones.
  while (true) {
    std::vector<TakenRow> rows;
    std::size_t bytes = 0;
    Statement& select = tables_->select_fresh.bind(village, after_seq);
    while (rows.size() < limit && select.step()) {
      if (removed(select.integer(0))) continue;
      TakenRow row = tables_->row_of(select);
      bytes += row.parcel.body.size();
      if (!rows.empty() && bytes > max_bytes) break;
      rows.push_back(std::move(row));
    }
    select.reset();
    if (rows.empty()) return rows;
    after_seq = rows.back().parcel.row.seq;
    rows = whole(std::move(rows));
    if (!rows.empty()) return rows;
  }
}

std::vector<TakenRow> Queue::due(VillageNumber village, Millis wall, const Skip& skip, std::size_t limit) {
  const std::lock_guard lock{mutex_};
  std::vector<TakenRow> rows;
  const auto take = [&](Statement& select) {
    while (rows.size() < limit && select.step()) {
      const std::int64_t seq = select.integer(0);
      if (!removed(seq) && !skip(seq)) rows.push_back(tables_->row_of(select));
    }
    select.reset();
  };
  take(tables_->select_due.bind(village, std::int64_t{wall.count()}));
  take(tables_->select_too_far.bind(village, std::int64_t{(wall + kRestMax).count()}));
  return whole(std::move(rows));
}

std::vector<TakenRow> Queue::whole(std::vector<TakenRow> rows) {
  std::erase_if(rows, [this](const TakenRow& row) { return !is_whole(row); });
  return rows;
}

std::optional<Millis> Queue::next_due(VillageNumber village, const Skip& skip) {
  const std::lock_guard lock{mutex_};
  Statement& select = tables_->select_next_due.bind(village);
  std::optional<Millis> next;
  while (!next && select.step()) {
    const std::int64_t seq = select.integer(1);
    if (!removed(seq) && !skip(seq)) next = Millis{select.integer(0)};
  }
  select.reset();
  return next;
}

std::vector<RowId> Queue::newest(std::int64_t after_seq, std::size_t limit) {
  const std::lock_guard lock{mutex_};
  std::vector<RowId> rows;
  Statement& select = tables_->select_newest.bind(after_seq);
  while (rows.size() < limit && select.step()) {
    const RowId row{.token = static_cast<std::uint64_t>(select.integer(1)), .seq = select.integer(0)};
    if (!removed(row.seq)) rows.push_back(row);
  }
  select.reset();
  return rows;
}

std::optional<TakenRow> Queue::read(const RowId& row) {
  const std::lock_guard lock{mutex_};
  if (removed(row.seq)) return std::nullopt;
  Statement& select = tables_->select_reading.bind(row.seq, stored(row.token));
  std::optional<TakenRow> found;
  if (select.step()) found = tables_->row_of(select);
  select.reset();
  if (found && !is_whole(*found)) return std::nullopt;
  return found;
}

bool Queue::has_rested(const RowId& row) {
  const std::lock_guard lock{mutex_};
  if (removed(row.seq)) return false;
  Statement& select = tables_->select_reading.bind(row.seq, stored(row.token));
  const bool rested = select.step() && select.integer(9) > 0;
  select.reset();
  return rested;
}

bool Queue::may_have_gone(const RowId& row) {
  const std::lock_guard lock{mutex_};
  Statement& select = tables_->select_reading.bind(row.seq, stored(row.token));
  const bool on_disk = select.step();
  select.reset();
  if (row.token != options_.token) return on_disk;
  return row.seq <= last_seq_ && (!on_disk || removed(row.seq));
}

bool Queue::settled(const Origin& origin, const std::string& id) {
  const std::lock_guard lock{mutex_};
  const auto village = tables_->numbers.find(origin.village);
  if (village == tables_->numbers.end()) return true;
  Statement& select = tables_->select_same_id.bind(village->second, origin.device, id);
  bool settled = true;
  while (settled && select.step()) settled = removed(select.integer(0));
  select.reset();
  return settled;
}

/// REQUIRES: no statement is in the middle of the table.
bool Queue::is_whole(const TakenRow& row) {
  if (row.is_itself && checksum(row.parcel.body) == row.parcel.crc) return true;
  log::error("reading damaged on the disk, set aside in quarantine",
             {{"id", to_string(row.parcel.row)}, {"village", row.parcel.origin.village}});
  quarantine(row);
  return false;
}

}  // namespace solar
