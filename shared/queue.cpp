#include "shared/queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "shared/queue_tables.hpp"

namespace solar {

namespace {

constexpr std::uint64_t kDiskCheckBytes = 256 * 1024;

std::uint64_t free_disk_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::absolute(path).parent_path(), error);
  return error ? 0 : static_cast<std::uint64_t>(space.available);
}

}  // namespace

Queue::Queue(const QueueOptions& options) : options_{options} {
  prepare_database(options_);
  try {
    tables_ = std::make_unique<Tables>(options_);
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Corrupt) throw;
    mark_suspect(options_.path);
    prepare_database(options_);
    tables_ = std::make_unique<Tables>(options_);
  }
  news_.insert(tables_->with_rows.begin(), tables_->with_rows.end());
  last_seq_ = tables_->next_seq - 1;
}

Queue::~Queue() {
  try {
    flush_removals();
  } catch (const SqliteError&) {
    // A lost removal only sends again.
  }
}

/// Free disk is looked up again after every kDiskCheckBytes: a system call costs as much as a tenth of a commit.
std::optional<QueueFull> Queue::why_full(std::uint64_t more_bytes) {
  if (tables_->used_bytes + more_bytes > options_.max_bytes) {
    return QueueFull{"the limit of " + std::to_string(options_.max_bytes >> 20) + " MiB is reached"};
  }
  if (options_.path == ":memory:") return std::nullopt;
  if (more_bytes <= disk_checked_bytes_) {
    disk_checked_bytes_ -= more_bytes;
    return std::nullopt;
  }
  disk_checked_bytes_ = 0;
  const std::uint64_t free_bytes = free_disk_bytes(options_.path);
  if (free_bytes < options_.disk_reserve_bytes || free_bytes - options_.disk_reserve_bytes < more_bytes) {
    return QueueFull{"the disk is full but for the reserve of " + std::to_string(options_.disk_reserve_bytes >> 20) +
                     " MiB"};
  }
  disk_checked_bytes_ = kDiskCheckBytes;
  return std::nullopt;
}

std::variant<std::vector<Appended>, QueueFull> Queue::append(std::span<const NewReading> readings, Millis wall) {
  std::uint64_t more_bytes = 0;
  for (const NewReading& reading : readings) more_bytes += reading.body.size() + kRowOverheadBytes;
  const std::lock_guard lock{mutex_};
  try {
    if (auto full = why_full(more_bytes)) {
      // What was removed may be all the room there is; without appends nothing else would write it.
      if (removals_.empty()) return *std::move(full);
      write_removals();
      if (full = why_full(more_bytes); full) return *std::move(full);
    }
    std::vector<Appended> appended;
    appended.reserve(readings.size());
    Tables::Change change{*tables_};
    // First: a delivered reading that comes again is stored again, so that its sender gets a receipt.
    for (const RowId& row : removals_) change.erase(row);
    for (const NewReading& reading : readings) appended.push_back(change.insert(reading, options_.token, wall));
    change.commit();
    forget_removals();
    last_seq_ = tables_->next_seq - 1;
    last_accepted_at_ = wall;
    for (const NewReading& reading : readings) {
      if (const auto known = tables_->numbers.find(reading.origin.village); known != tables_->numbers.end()) {
        news_.insert(known->second);
      }
    }
    return appended;
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    return QueueFull{error.what()};
  }
}

void Queue::forget_removals() {
  removals_.clear();
  removed_.clear();
}

void Queue::remove(std::span<const RowId> rows) {
  const std::lock_guard lock{mutex_};
  for (const RowId& row : rows) {
    if (removed_.insert(row.seq).second) removals_.push_back(row);
  }
  if (removals_.size() >= options_.removals_kept) write_removals();
}

void Queue::flush_removals() {
  const std::lock_guard lock{mutex_};
  write_removals();
}

void Queue::write_removals() {
  if (removals_.empty()) return;
  Tables::Change change{*tables_};
  for (const RowId& row : removals_) change.erase(row);
  change.commit();
  forget_removals();
}

void Queue::rest(std::span<const Rest> rows) {
  if (rows.empty()) return;
  const std::lock_guard lock{mutex_};
  Transaction transaction{tables_->database};
  for (const Rest& rest : rows) {
    assert(rest.due_at.count() > 0);
    tables_->update_rest
        .bind(std::int64_t{rest.due_at.count()}, std::int64_t{rest.round}, rest.row.seq, stored(rest.row.token))
        .run();
  }
  transaction.commit();
}

std::uint64_t Queue::kept_bits(std::uint64_t fresh_bits, bool renew) {
  const std::lock_guard lock{mutex_};
  if (!renew) {
    Statement kept = tables_->database.prepare("SELECT value FROM meta WHERE key='kept_bits'");
    if (kept.step()) return static_cast<std::uint64_t>(kept.integer(0));
  }
  tables_->database.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES('kept_bits', ?)")
      .bind(stored(fresh_bits))
      .run();
  return fresh_bits;
}

QueueStats Queue::stats(Millis wall) {
  const std::lock_guard lock{mutex_};
  QueueStats stats{.refused = tables_->refused_rows,
                   .unreadable = tables_->unreadable_rows,
                   .quarantined = tables_->quarantined_rows,
                   .oldest_accepted_at = std::nullopt,
                   .newest_accepted_at = last_accepted_at_,
                   .used_bytes = tables_->used_bytes,
                   .max_bytes = options_.max_bytes};
  std::int64_t rows = 0;
  for (const auto& [number, village] : tables_->villages) {
    rows += std::max<std::int64_t>(village.rows, 0);
    stats.waiting_bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(village.bytes, 0));
    const std::int64_t span_ms = wall.count() - village.rate.since_ms;
    if (village.rate.rows < 2 || span_ms <= 0) continue;
    const double per_day = 86'400'000.0 / static_cast<double>(span_ms);
    stats.readings_per_day += per_day * static_cast<double>(village.rate.rows);
    const auto file_bytes = village.rate.bytes + village.rate.rows * static_cast<std::int64_t>(kRowOverheadBytes);
    stats.bytes_per_day += per_day * static_cast<double>(file_bytes);
  }
  stats.waiting =
      static_cast<std::uint64_t>(rows) - std::min<std::uint64_t>(static_cast<std::uint64_t>(rows), removals_.size());
  Statement oldest = tables_->database.prepare("SELECT seq, accepted_at_ms FROM readings ORDER BY seq");
  while (oldest.step()) {
    if (removed(oldest.integer(0))) continue;
    stats.oldest_accepted_at = Millis{oldest.integer(1)};
    break;
  }
  return stats;
}

bool Queue::is_empty() const {
  const std::lock_guard lock{mutex_};
  std::int64_t rows = 0;
  for (const auto& [number, village] : tables_->villages) rows += std::max<std::int64_t>(village.rows, 0);
  return rows <= static_cast<std::int64_t>(removals_.size());
}

bool Queue::holds_plain_rows() {
  const std::lock_guard lock{mutex_};
  try {
    write_removals();
  } catch (const SqliteError& error) {
    // Without room on the disk, delivered rows count as if they waited: who asks waits for nothing rather than loses.
    if (error.kind() != SqliteError::Kind::Full) throw;
  }
  Statement plain = tables_->database.prepare(
      "SELECT (SELECT count(*) FROM readings INDEXED BY readings_due) > "
      "(SELECT count(*) FROM readings INDEXED BY readings_once WHERE id IS NOT NULL)");
  static_cast<void>(plain.step());
  return plain.integer(0) != 0;
}

double Queue::used_fraction() const {
  return static_cast<double>(tables_->used_bytes.load(std::memory_order_relaxed)) /
         static_cast<double>(options_.max_bytes);
}

double Queue::village_fraction(const std::string& village) const {
  const std::lock_guard lock{mutex_};
  const auto number = tables_->numbers.find(village);
  if (number == tables_->numbers.end()) return 0;
  const VillageCounters& counters = tables_->villages.at(number->second);
  const auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(counters.bytes, 0)) +
                     static_cast<std::uint64_t>(std::max<std::int64_t>(counters.rows, 0)) * kRowOverheadBytes;
  return static_cast<double>(bytes) / static_cast<double>(options_.max_bytes);
}

}  // namespace solar
