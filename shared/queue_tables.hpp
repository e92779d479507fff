// The queue's schema, its prepared statements and its counters. Internal to queue*.cpp.
//
// Format, PRAGMA user_version = 1:
//
//   villages  one row per village that has or had readings; rows and bytes count what waits, rate_* what came lately
//   readings  what waits. due_at_ms is 0 for a row that never rested; id is the sender's own or NULL; crc is CRC-32 of
//             the body and, in its upper half, of "<village>/<device>/<id, or the row's own>" with its last bit set; of
//             old without the village, or 0
//   aside     what is kept for a person: kind 0 refused, 1 unreadable, 2 quarantined
//   meta      key and value
//
// A row's id is `<token>-<seq>`. AUTOINCREMENT: seq never goes back, also when the table is empty.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/queue.hpp"
#include "shared/sqlite.hpp"

namespace solar {

inline constexpr std::uint64_t kRowOverheadBytes =
    160;  ///< a row's share of the table and its two indexes, beside the body

inline constexpr std::size_t kVillagesKept = 10'000;  ///< empty ones are forgotten beyond; names come from outside

/// SQL for what an unreadable row counts towards unreadable_max_bytes.
inline const std::string kUnreadableSize =
    "length(body) + length(CAST(topic AS BLOB)) + length(CAST(reason AS BLOB)) + "
    "coalesce(length(CAST(content_encoding AS BLOB)), 0)";

/// A token as SQLite stores it.
[[nodiscard]] constexpr std::int64_t stored(std::uint64_t token) { return static_cast<std::int64_t>(token); }

/// A body's CRC as SQLite stores it, with the mark above it.
[[nodiscard]] std::int64_t marked_crc(std::uint32_t crc, const RowId& row, const Origin& origin,
                                      const std::optional<std::string>& id);

/// Readings per time, over one to two days: when a day is full, half of it is forgotten.
struct Rate {
  std::int64_t since_ms{};
  std::int64_t rows{};
  std::int64_t bytes{};

  void add(std::int64_t wall_ms, std::int64_t body_bytes);
  bool operator==(const Rate&) const = default;
};

struct VillageCounters {
  VillageNumber number{};
  std::string name;
  std::int64_t rows{};
  std::int64_t bytes{};  ///< of their bodies
  Rate rate;
};

class Queue::Tables {
 public:
  explicit Tables(const QueueOptions& options);

  /// A transaction in which the villages' counters go with the rows; without `commit` nothing has happened.
  class Change {
   public:
    explicit Change(Tables& tables) : tables_{tables}, transaction_{tables.database} {}
    /// Stores a reading under the next seq; a duplicate uses none.
    [[nodiscard]] Appended insert(const NewReading& reading, std::uint64_t token, Millis wall);
    /// Deletes the row, if it is there.
    void erase(const RowId& row);
    [[nodiscard]] VillageCounters& village(const std::string& name);
    [[nodiscard]] VillageCounters& village(VillageNumber number);
    void commit();

   private:
    Tables& tables_;
    Transaction transaction_;
    std::map<VillageNumber, VillageCounters> touched_;
  };

  /// Throws SqliteError::Corrupt for a number that no village has.
  [[nodiscard]] const VillageCounters& known(VillageNumber number) const;
  /// The row at the cursor of a statement that selects whole rows.
  [[nodiscard]] TakenRow row_of(const Statement& statement) const;
  void count_pages();

  Sqlite database;
  std::unordered_map<VillageNumber, VillageCounters> villages;
  std::unordered_map<std::string, VillageNumber> numbers;
  std::vector<VillageNumber> with_rows;  ///< when the database was opened
  std::int64_t next_seq{1};
  std::uint64_t unreadable_rows{};
  std::uint64_t unreadable_bytes{};
  std::uint64_t refused_rows{};
  std::uint64_t quarantined_rows{};
  std::atomic<std::uint64_t> used_bytes{};

  Statement insert_reading;
  Statement delete_reading;
  Statement select_fresh;
  Statement select_due;
  Statement select_too_far;
  Statement select_next_due;
  Statement select_newest;
  Statement select_reading;
  Statement select_same_id;
  Statement update_rest;

 private:
  void load_villages();
  void find_rows();
  [[nodiscard]] bool list_villages_of_rows();
  [[nodiscard]] bool renumber_rows();
  void name_orphan(VillageNumber number);
  void recount(VillageCounters& village);
  void load_aside_counters();
  void forget_empty_villages();

  std::size_t forget_villages_beyond_{kVillagesKept};
  Statement insert_village_;
  Statement update_village_;
  Statement page_count_;
  Statement freelist_count_;
};

/// Opens the database and brings its schema up to date; a new, damaged or suspect file is handled as Queue's
/// constructor says.
void prepare_database(const QueueOptions& options);

[[nodiscard]] SqliteOptions sqlite_options(const QueueOptions& options);

/// A name beside the database for a damaged file, to which "-wal" may be added; one whose log is there already, if the
/// process died before the file itself was.
[[nodiscard]] std::filesystem::path aside_path(const std::filesystem::path& database);

/// Whether all tables and columns have the names that they were created with.
[[nodiscard]] bool has_our_schema(Sqlite& database);

/// Creates or upgrades the tables. Throws SqliteError::Corrupt for a database of another kind or a newer version.
void upgrade_schema(Sqlite& database);

}  // namespace solar
