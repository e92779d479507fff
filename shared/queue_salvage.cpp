// A damaged database file: noticed, set aside, its whole rows carried over into a new one.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "shared/log.hpp"
#include "shared/queue.hpp"
#include "shared/queue_tables.hpp"

namespace solar {

namespace fs = std::filesystem;

namespace {

fs::path suspect_note(const fs::path& path) { return path.string() + ".suspect"; }

bool is_structurally_whole(const QueueOptions& options) {
  try {
    Sqlite database{sqlite_options(options)};
    upgrade_schema(database);
    if (!fs::exists(suspect_note(options.path))) return true;
    Statement check = database.prepare("PRAGMA integrity_check(1)");
    return check.step() && check.text(0) == "ok";
  } catch (const SqliteError& error) {
    if (error.kind() == SqliteError::Kind::Corrupt) return false;
    throw;
  }
}

/// Where the new file is built; it stands there only until it has taken the damaged one's place.
fs::path salvaged_path(const fs::path& path) { return path.string() + ".salvaged"; }

void remove_database(const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path.string() + suffix);
}

fs::path move_aside(const fs::path& path) {
  fs::path aside;
  for (int number = 1; aside.empty() || fs::exists(aside); ++number) {
    aside = path.string() + ".damaged-" + std::to_string(number);
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    if (fs::exists(path.string() + suffix)) fs::rename(path.string() + suffix, aside.string() + suffix);
  }
  fs::rename(path, aside);
  return aside;
}

constexpr const char* kCopyVillages =
    "INSERT OR IGNORE INTO main.villages(village, name) SELECT village, name FROM damaged.villages WHERE village=?";
constexpr const char* kCopyReading =
    "INSERT OR IGNORE INTO main.readings SELECT * FROM damaged.readings WHERE seq=?";

/// Row by row from one end until the damage, so that one bad page costs only what is on it.
template <class Copy>
void walk(Sqlite& database, const std::string& sql, std::int64_t from, Copy copy) {
  std::int64_t position = from;
  try {
    while (true) {
      Statement next = database.prepare(sql);
      if (!next.bind(position).step()) return;
      position = next.integer(0);
      next.reset();
      try {
        copy(position);
      } catch (const SqliteError& error) {
        if (error.kind() != SqliteError::Kind::Corrupt) throw;
      }
    }
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Corrupt) throw;
  }
}

template <class Copy>
void walk_both_ways(Sqlite& database, const std::string& table, const std::string& key, Copy copy) {
  const std::string from_table = "FROM damaged." + table + " NOT INDEXED WHERE " + key;
  walk(database, "SELECT " + key + " " + from_table + ">? ORDER BY " + key + " LIMIT 1", INT64_MIN, copy);
  walk(database, "SELECT " + key + " " + from_table + "<? ORDER BY " + key + " DESC LIMIT 1", INT64_MAX, copy);
}

void finish_counters(Sqlite& database) {
  database.execute(
      "UPDATE villages SET rows=(SELECT count(*) FROM readings r WHERE r.village=villages.village), "
      "bytes=(SELECT coalesce(sum(length(body)),0) FROM readings r WHERE r.village=villages.village)");
}

std::int64_t salvage(const QueueOptions& options, const fs::path& into) {
  remove_database(into);
  SqliteOptions fresh = sqlite_options(options);
  fresh.path = into;
  Sqlite database{fresh};
  upgrade_schema(database);
  try {
    Statement attach = database.prepare("ATTACH ? AS damaged");
    const std::string path = options.path.string();
    attach.bind(path).run();
    Transaction transaction{database};
    Statement copy_village = database.prepare(kCopyVillages);
    walk_both_ways(database, "villages", "village",
                   [&](std::int64_t village) { copy_village.bind(village).run(); });
    Statement copy_reading = database.prepare(kCopyReading);
    walk_both_ways(database, "readings", "seq", [&](std::int64_t seq) { copy_reading.bind(seq).run(); });
    Statement copy_aside = database.prepare("INSERT OR IGNORE INTO main.aside SELECT * FROM damaged.aside WHERE number=?");
    walk_both_ways(database, "aside", "number", [&](std::int64_t number) { copy_aside.bind(number).run(); });
    finish_counters(database);
    transaction.commit();
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Corrupt) throw;
  }
  Statement count = database.prepare("SELECT count(*) FROM readings");
  static_cast<void>(count.step());
  return count.integer(0);
}

}  // namespace

void prepare_database(const QueueOptions& options) {
  const fs::path& path = options.path;
  if (path == ":memory:") return;
  // A process that died between the two renames below.
  if (!fs::exists(path) && fs::exists(salvaged_path(path))) fs::rename(salvaged_path(path), path);
  if (!is_structurally_whole(options)) {
    log::error("database damaged, carrying its whole readings over into a new one", {{"file", path.string()}});
    const std::int64_t rows = salvage(options, salvaged_path(path));
    const fs::path damaged = move_aside(path);
    fs::rename(salvaged_path(path), path);
    log::error("database salvaged; keep the damaged file until central has confirmed its readings",
               {{"readings", rows}, {"damaged", damaged.string()}});
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
