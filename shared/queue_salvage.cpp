// A damaged database file: noticed, set aside, its whole rows carried over into a new one.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "shared/log.hpp"
#include "shared/queue.hpp"
#include "shared/queue_log.hpp"
#include "shared/queue_scan.hpp"
#include "shared/queue_tables.hpp"

namespace solar {

namespace fs = std::filesystem;

namespace {

fs::path suspect_note(const fs::path& path) { return path.string() + ".suspect"; }

bool is_structurally_whole(const QueueOptions& options) {
  try {
    Sqlite database{sqlite_options(options)};
    upgrade_schema(database);
    if (!has_our_schema(database)) return false;
    std::error_code unknown_size;  // then it is the largest number
    const bool small = fs::file_size(options.path, unknown_size) <= options.check_at_open_bytes;
    if (!small && !fs::exists(suspect_note(options.path))) return true;
    Statement check = database.prepare("PRAGMA integrity_check(1)");
    return check.step() && check.text(0) == "ok";
  } catch (const SqliteError& error) {
    if (error.kind() == SqliteError::Kind::Corrupt) return false;
    throw;
  }
}

/// Where the new file is built, and where it stands once it is complete, until it has taken the damaged one's place.
fs::path unfinished_path(const fs::path& path) { return path.string() + ".salvaging"; }
fs::path salvaged_path(const fs::path& path) { return path.string() + ".salvaged"; }

void remove_database(const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path.string() + suffix);
}

/// The log goes first: beside the new file it would be taken for that one's. Can be repeated after a death in the
/// middle.
void swap_in_salvaged(const fs::path& path) {
  const fs::path aside = aside_path(path);
  for (const char* suffix : {"-wal", "-shm", ""}) {
    if (fs::exists(path.string() + suffix)) fs::rename(path.string() + suffix, aside.string() + suffix);
  }
  fs::rename(salvaged_path(path), path);
  log::error("database salvaged; keep the damaged file until central has confirmed its readings",
             {{"damaged", aside.string()}});
}

struct Salvaged {
  std::string table;
  std::string key;
  std::string columns;
  std::string places;
};

const Salvaged kVillages{
    .table = "villages", .key = "village", .columns = "village, name, 0, 0, 0, 0, 0", .places = "?,?,?,?,?,?,?"};
const Salvaged kReadings{.table = "readings", .key = "seq", .columns = "*", .places = "?,?,?,?,?,?,?,?,?,?"};
const Salvaged kAside{.table = "aside", .key = "number", .columns = "*", .places = "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"};

constexpr std::int64_t kProbesMax = 1'000'000;  // keys tried one by one between two damaged pages
constexpr int kPortionRows = 1000;              // each may change a page in the table and in both indexes
constexpr std::int64_t kPortionPages = 1024;
constexpr std::uint32_t kLogPages = 2000;

/// What goes into the new file is committed in portions: the log of one transaction would be as large as the file.
class Portions {
 public:
  explicit Portions(Sqlite& database) : database_{database}, page_count_{database.prepare("PRAGMA page_count")} {
    database_.begin();
  }
  /// To be called after each row.
  void count_row() {
    if (++rows_ < kPortionRows && pages() - pages_ < kPortionPages) return;
    commit();
    rows_ = 0;
    pages_ = pages();
    database_.begin();
  }
  void commit() { database_.commit(); }

 private:
  std::int64_t pages() {
    const std::int64_t pages = page_count_.step() ? page_count_.integer(0) : 0;
    page_count_.reset();
    return pages;
  }

  Sqlite& database_;
  Statement page_count_;
  int rows_{};
  std::int64_t pages_{};
};

/// Whether it could be read.
template <class Step>
bool readable(Step step) {
  try {
    step();
    return true;
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Corrupt) throw;
    return false;
  }
}

/// Row by row in one direction until the end or the damage; tells the last key.
template <class Copy>
std::int64_t walk(Sqlite& damaged, const std::string& sql, std::int64_t from, Copy copy) {
  std::int64_t last = from;
  static_cast<void>(readable([&] {
    Statement next = damaged.prepare(sql);
    while (next.bind(last).step()) {
      const std::int64_t key = next.integer(0);
      next.reset();
      // Damaged pages may lead in a circle.
      if (from == INT64_MIN ? key <= last : key >= last) return;
      last = key;
      static_cast<void>(readable([&] { copy(key); }));
    }
  }));
  return last;
}

std::int64_t last_key(Sqlite& damaged, const std::string& table) {
  std::int64_t last = 0;
  static_cast<void>(readable([&] {
    Statement select = damaged.prepare("SELECT seq FROM sqlite_sequence WHERE name=?");
    if (select.bind(table).step()) last = select.integer(0);
  }));
  return last;
}

/// Keys that follow each other.
struct Run {
  std::int64_t first{};
  std::int64_t last{};
};

/// From both ends until the damage, and one by one in between, so that a bad page costs only what is on it. Copied in
/// rising order: the other way every page of the new file would be left half empty.
void copy_all(Sqlite& damaged, Sqlite& database, const Salvaged& what, Portions& portions) {
  static_cast<void>(readable([&] {
    const std::string rows = " FROM " + what.table + " NOT INDEXED WHERE " + what.key;
    Statement select = damaged.prepare("SELECT " + what.columns + rows + "=?");
    Statement insert = database.prepare("INSERT OR IGNORE INTO " + what.table + " VALUES(" + what.places + ")");
    const auto copy = [&](std::int64_t key) {
      if (select.bind(key).step()) {
        insert.bind_row(select).run();
        portions.count_row();
      }
      select.reset();
    };
    const auto copy_between = [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t key = first; key <= last && key < INT64_MAX; ++key) {
        static_cast<void>(readable([&] { copy(key); }));
      }
    };
    const std::string keys = "SELECT " + what.key + rows;
    const std::int64_t up = walk(damaged, keys + ">? ORDER BY 1 LIMIT 1", INT64_MIN, copy);
    // Also where the first walk came to the end: a damaged key sends it past rows.
    std::vector<Run> above;
    const std::int64_t down = walk(damaged, keys + "<? ORDER BY 1 DESC LIMIT 1", INT64_MAX, [&](std::int64_t key) {
      if (above.empty() || key != above.back().first - 1) above.push_back({.first = key, .last = key});
      above.back().first = key;
    });
    const std::int64_t top = std::min(down, std::max(up, last_key(damaged, what.table)));
    copy_between(std::max({up, std::int64_t{0}, std::max(top, std::int64_t{0}) - kProbesMax}), top);
    for (auto run = above.rbegin(); run != above.rend(); ++run) copy_between(run->first, run->last);
  }));
}

/// Rows that the tree no longer leads to; first those that are whole, then the others, for the quarantine.
void copy_scanned(const fs::path& damaged, Sqlite& database, Portions& portions) {
  Statement insert = database.prepare("INSERT OR IGNORE INTO readings VALUES(?,?,?,?,?,?,?,?,?,?)");
  for (const bool whole : {true, false}) {
    scan_readings(damaged, [&](const ScannedRow& row) {
      if (row.is_whole != whole) return;
      insert
          .bind(row.seq, row.token, row.village, row.device, row.id, row.crc, row.accepted_at_ms, row.due_at_ms,
                row.round, Blob{row.body})
          .run();
      portions.count_row();
    });
  }
}

/// Ids never repeat, also when the rows that had them are delivered, refused or lost.
void keep_sequence(Sqlite& database, std::int64_t last) {
  for (const char* source : {"SELECT max(seq) FROM readings", "SELECT max(seq) FROM aside"}) {
    Statement select = database.prepare(source);
    if (select.step()) last = std::max(last, select.integer(0));
  }
  Statement kept = database.prepare("SELECT seq FROM sqlite_sequence WHERE name='readings'");
  if (kept.step()) last = std::max(last, kept.integer(0));
  kept.reset();
  database.execute("DELETE FROM sqlite_sequence WHERE name='readings'");
  database.prepare("INSERT INTO sqlite_sequence(name, seq) VALUES('readings', ?)").bind(last).run();
}

void finish_counters(Sqlite& database) {
  database.execute(
      "UPDATE villages SET rows=(SELECT count(*) FROM readings r WHERE r.village=villages.village), "
      "bytes=(SELECT coalesce(sum(length(body)),0) FROM readings r WHERE r.village=villages.village)");
}

/// By two connections: after an error within a transaction SQLite writes nothing more in it.
void salvage(const QueueOptions& options) {
  const fs::path into = unfinished_path(options.path);
  remove_database(into);
  SqliteOptions fresh = sqlite_options(options);
  fresh.path = into;
  fresh.checkpoint_pages = kLogPages;
  fresh.synchronous_full = false;  // unfinished it is thrown away; closing it syncs the log and then the file
  SqliteOptions old = sqlite_options(options);
  old.damaged = true;
  {
    Sqlite database{fresh};
    upgrade_schema(database);
    Portions portions{database};
    static_cast<void>(readable([&] {
      Sqlite damaged{old};
      for (const Salvaged& table : {kVillages, kReadings, kAside}) copy_all(damaged, database, table, portions);
      keep_sequence(database, last_key(damaged, "readings"));
      // Only the file is scanned.
      static_cast<void>(readable([&] { damaged.execute("PRAGMA wal_checkpoint(TRUNCATE)"); }));
    }));
    copy_scanned(options.path, database, portions);
    keep_sequence(database, 0);
    finish_counters(database);
    portions.commit();
    Statement count = database.prepare("SELECT count(*) FROM readings");
    static_cast<void>(count.step());
    log::info("whole readings carried over", {{"readings", count.integer(0)}});
  }
  if (fs::exists(into.string() + "-wal")) {
    throw SqliteError{SqliteError::Kind::Broken, "the salvaged database could not be completed: " + into.string()};
  }
  fs::rename(into, salvaged_path(options.path));
}

}  // namespace

fs::path aside_path(const fs::path& database) {
  fs::path aside;
  for (int number = 1; aside.empty() || fs::exists(aside); ++number) {
    aside = database.string() + ".damaged-" + std::to_string(number);
  }
  return aside;
}

void prepare_database(const QueueOptions& options) {
  const fs::path& path = options.path;
  if (path == ":memory:") return;
  // A process that died while it salvaged, after the new file was complete.
  if (fs::exists(salvaged_path(path))) swap_in_salvaged(path);
  mend_log(path);
  if (!is_structurally_whole(options)) {
    log::error("database damaged, carrying its whole readings over into a new one", {{"file", path.string()}});
    salvage(options);
    swap_in_salvaged(path);
  }
  fs::remove(suspect_note(path));
}

void Queue::mark_suspect(const fs::path& path) {
  const int file = ::open(suspect_note(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace solar
