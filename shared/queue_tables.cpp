#include "shared/queue_tables.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "shared/checksum.hpp"
#include "shared/log.hpp"

namespace solar {

namespace {

constexpr int kSchemaVersion = 1;

constexpr const char* kSchema = R"sql(
CREATE TABLE villages(
  village INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
  rows INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  rate_since_ms INTEGER NOT NULL DEFAULT 0, rate_rows INTEGER NOT NULL DEFAULT 0, rate_bytes INTEGER NOT NULL DEFAULT 0);
CREATE TABLE readings(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, token INTEGER NOT NULL, village INTEGER NOT NULL, device TEXT NOT NULL,
  id TEXT, crc INTEGER NOT NULL, accepted_at_ms INTEGER NOT NULL, due_at_ms INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL);
CREATE UNIQUE INDEX readings_once ON readings(village, device, id, crc) WHERE id IS NOT NULL;
CREATE INDEX readings_due ON readings(village, due_at_ms);
CREATE TABLE aside(
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, topic TEXT NOT NULL DEFAULT '', content_encoding TEXT,
  village TEXT NOT NULL DEFAULT '', device TEXT NOT NULL DEFAULT '', id TEXT, token INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0, crc INTEGER NOT NULL DEFAULT 0, accepted_at_ms INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL, offered_at_ms INTEGER NOT NULL);
CREATE INDEX aside_kind ON aside(kind, number);
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";

// The order that Tables::row_of reads.
const std::string kSelectRows =
    "SELECT seq, token, device, id, crc, round, accepted_at_ms, body, village, due_at_ms FROM readings ";

/// What would send a reading as another one if it were altered. The same for the same reading of a sender, however
/// often it comes: the mark is a part of what makes it unique.
std::uint32_t mark_of(const RowId& row, const Origin& origin, const std::optional<std::string>& id) {
  return checksum(origin.village + "/" + origin.device + "/" + (id ? *id : to_string(row))) | 1U;
}

/// As it was written before the village was a part of it.
std::uint32_t old_mark_of(const RowId& row, const Origin& origin, const std::optional<std::string>& id) {
  return checksum(origin.device + "/" + (id ? *id : to_string(row))) | 1U;
}

/// The name that differs in one bit and fits the mark of a row of that village.
std::optional<std::string> right_name(std::string name, const Statement& row) {
  const RowId number{.token = static_cast<std::uint64_t>(row.integer(1)), .seq = row.integer(0)};
  const auto mark = static_cast<std::uint32_t>(static_cast<std::uint64_t>(row.integer(4)) >> 32U);
  const std::optional<std::string> id = row.is_null(3) ? std::nullopt : std::optional{row.text(3)};
  const std::string device = row.text(2);
  const auto fits = [&] { return mark_of(number, {.village = name, .device = device}, id) == mark; };
  if (mark == 0 || fits() || mark == old_mark_of(number, {.village = name, .device = device}, id)) return std::nullopt;
  for (std::size_t bit = 0; bit < name.size() * 8; ++bit) {
    const auto turned = static_cast<char>(1U << (bit % 8));
    name[bit / 8] = static_cast<char>(name[bit / 8] ^ turned);
    if (fits()) return name;
    name[bit / 8] = static_cast<char>(name[bit / 8] ^ turned);
  }
  return std::nullopt;
}

/// Villages whose name a bit flip altered, by the mark of their first row. Where the right name is taken the row may
/// be the one that is wrong.
void mend_names(Sqlite& database) {
  Statement villages = database.prepare("SELECT village, name FROM villages");
  Statement first = database.prepare(kSelectRows + "WHERE village=? LIMIT 1");
  std::vector<std::pair<VillageNumber, std::string>> mended;
  while (villages.step()) {
    if (!first.bind(villages.integer(0)).step()) continue;
    if (auto name = right_name(villages.text(1), first)) mended.emplace_back(villages.integer(0), *std::move(name));
  }
  villages.reset();
  first.reset();
  for (const auto& [number, name] : mended) {
    database.prepare("UPDATE OR IGNORE villages SET name=? WHERE village=?").bind(name, number).run();
    if (database.changes() > 0) log::error("a village's name was damaged on the disk, mended", {{"village", name}});
  }
}

}  // namespace

std::int64_t marked_crc(std::uint32_t crc, const RowId& row, const Origin& origin,
                        const std::optional<std::string>& id) {
  return static_cast<std::int64_t>(std::uint64_t{mark_of(row, origin, id)} << 32U | crc);
}

SqliteOptions sqlite_options(const QueueOptions& options) {
  return {.path = options.path,
          .synchronous_full = options.synchronous_full,
          .cache_kib = options.cache_kib,
          .checkpoint_pages = options.checkpoint_pages};
}

bool has_our_schema(Sqlite& database) {
  const auto schema_of = [](Sqlite& of) {
    Statement select = of.prepare(
        "SELECT group_concat(text, ';') FROM (SELECT coalesce(sql, name) AS text FROM sqlite_schema ORDER BY name)");
    static_cast<void>(select.step());
    return select.text(0);
  };
  const std::string schema = schema_of(database);
  if (schema.empty()) return false;
  Sqlite fresh{{.path = ":memory:"}};
  fresh.execute(kSchema);
  return schema == schema_of(fresh);
}

void upgrade_schema(Sqlite& database) {
  Statement version = database.prepare("PRAGMA user_version");
  static_cast<void>(version.step());
  const std::int64_t found = version.integer(0);
  version.reset();
  if (found == kSchemaVersion) return;
  if (std::popcount(static_cast<std::uint32_t>(found ^ kSchemaVersion)) == 1 && has_our_schema(database)) {
    log::error("a bit had turned over in the number of the database's format, put right; check the disk",
               {{"found", found}});
    database.execute("PRAGMA user_version=" + std::to_string(kSchemaVersion));
    return;
  }
  if (found != 0) {
    throw SqliteError{SqliteError::Kind::Broken, "the database has format " + std::to_string(found) +
                                                     ", this program knows up to " + std::to_string(kSchemaVersion) +
                                                     "; use the newer program that wrote it"};
  }
  Transaction transaction{database};
  database.execute(kSchema);
  transaction.commit();
}

Queue::Tables::Tables(const QueueOptions& options)
    : database{sqlite_options(options)},
      insert_reading{
          (upgrade_schema(database),
           database.prepare("INSERT INTO readings(seq, token, village, device, id, crc, accepted_at_ms, body) "
                            "VALUES(?,?,?,?,?,?,?,?) "
                            "ON CONFLICT(village, device, id, crc) WHERE id IS NOT NULL DO NOTHING"))},
      delete_reading{database.prepare("DELETE FROM readings WHERE seq=? AND token=? RETURNING village, length(body)")},
      select_fresh{database.prepare(kSelectRows + "WHERE village=? AND due_at_ms=0 AND seq>? ORDER BY seq")},
      select_due{database.prepare(kSelectRows + "WHERE village=? AND due_at_ms>0 AND due_at_ms<=? ORDER BY due_at_ms")},
      select_too_far{database.prepare(kSelectRows + "WHERE village=? AND due_at_ms>? ORDER BY due_at_ms DESC")},
      select_next_due{
          database.prepare("SELECT due_at_ms, seq FROM readings WHERE village=? AND due_at_ms>0 ORDER BY due_at_ms")},
      select_newest{database.prepare("SELECT seq, token FROM readings WHERE seq>? AND due_at_ms=0 ORDER BY seq DESC")},
      select_reading{database.prepare(kSelectRows + "WHERE seq=? AND token=?")},
      select_same_id{database.prepare("SELECT seq FROM readings WHERE village=? AND device=? AND id=?")},
      update_rest{database.prepare("UPDATE readings SET due_at_ms=?, round=? WHERE seq=? AND token=?")},
      insert_village_{database.prepare("INSERT INTO villages(name) VALUES(?) RETURNING village")},
      update_village_{database.prepare("UPDATE villages SET rows=?, bytes=?, rate_since_ms=?, rate_rows=?, "
                                       "rate_bytes=? WHERE village=?")},
      page_count_{database.prepare("PRAGMA page_count")},
      freelist_count_{database.prepare("PRAGMA freelist_count")} {
  // A backstop behind the queue's own check; the slack is for the tables that removals and refusals touch.
  const std::uint64_t pages = (options.max_bytes + options.max_bytes / 8) / kPageBytes + 4096;
  database.execute("PRAGMA max_page_count=" + std::to_string(pages));
  mend_names(database);
  load_villages();
  load_aside_counters();
  // A counter that a bit flip set back must not make the next readings look like those that are there.
  Statement sequence = database.prepare(
      "SELECT max((SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name='readings'), "
      "(SELECT coalesce(max(seq), 0) FROM readings))");
  static_cast<void>(sequence.step());
  next_seq = sequence.integer(0) + 1;
  count_pages();
}

void Queue::Tables::load_aside_counters() {
  Statement counts = database.prepare("SELECT count(*) FROM aside WHERE kind=?");
  const auto count = [&counts](AsideKind kind) {
    static_cast<void>(counts.bind(static_cast<std::int64_t>(kind)).step());
    return static_cast<std::uint64_t>(counts.integer(0));
  };
  refused_rows = count(AsideKind::Refused);
  unreadable_rows = count(AsideKind::Unreadable);
  quarantined_rows = count(AsideKind::Quarantined);
  counts.reset();
  Statement bytes = database.prepare("SELECT coalesce(sum(" + kUnreadableSize + "), 0) FROM aside WHERE kind=1");
  static_cast<void>(bytes.step());
  unreadable_bytes = static_cast<std::uint64_t>(bytes.integer(0));
}

void Queue::Tables::count_pages() {
  static_cast<void>(page_count_.bind().step());
  static_cast<void>(freelist_count_.bind().step());
  const std::int64_t pages = page_count_.integer(0) - freelist_count_.integer(0);
  page_count_.reset();
  freelist_count_.reset();
  used_bytes.store(static_cast<std::uint64_t>(pages * kPageBytes), std::memory_order_relaxed);
}

TakenRow Queue::Tables::row_of(const Statement& statement) const {
  TakenRow row;
  row.parcel.row = {.token = static_cast<std::uint64_t>(statement.integer(1)), .seq = statement.integer(0)};
  row.parcel.origin = {.village = known(statement.integer(8)).name, .device = statement.text(2)};
  if (!statement.is_null(3)) row.parcel.id = statement.text(3);
  row.parcel.crc = static_cast<std::uint32_t>(statement.integer(4));
  row.village = statement.integer(8);
  row.round = static_cast<std::uint32_t>(statement.integer(5));
  row.accepted_at = Millis{statement.integer(6)};
  row.parcel.body = statement.text(7);
  const auto mark = static_cast<std::uint32_t>(static_cast<std::uint64_t>(statement.integer(4)) >> 32U);
  // A village that is known by its number only has a name that nobody wrote: it is sent under no other's.
  const bool is_nameless = row.parcel.origin.village == "unknown-" + std::to_string(row.village);
  row.is_itself = is_nameless || mark == 0 || mark == mark_of(row.parcel.row, row.parcel.origin, row.parcel.id) ||
                  mark == old_mark_of(row.parcel.row, row.parcel.origin, row.parcel.id);
  return row;
}

Appended Queue::Tables::Change::insert(const NewReading& reading, std::uint64_t token, Millis wall) {
  const RowId row{.token = token, .seq = tables_.next_seq};
  std::string with_id;
  if (reading.id_at) {
    assert(*reading.id_at <= reading.body.size());
    with_id = reading.body;
    with_id.insert(*reading.id_at, to_string(row));
  }
  const std::string_view body = reading.id_at ? std::string_view{with_id} : std::string_view{reading.body};
  VillageCounters& counters = village(reading.origin.village);
  tables_.insert_reading
      .bind(row.seq, stored(row.token), counters.number, reading.origin.device, reading.id,
            marked_crc(checksum(body), row, reading.origin, reading.id), std::int64_t{wall.count()}, Blob{body})
      .run();
  if (tables_.database.changes() == 0) return {.row = {}, .duplicate = true};
  ++tables_.next_seq;
  ++counters.rows;
  counters.bytes += static_cast<std::int64_t>(body.size());
  counters.rate.add(wall.count(), static_cast<std::int64_t>(body.size()));
  return {.row = row, .duplicate = false};
}

void Queue::Tables::Change::erase(const RowId& row) {
  Statement& erase = tables_.delete_reading.bind(row.seq, stored(row.token));
  if (erase.step()) {
    VillageCounters& counters = village(VillageNumber{erase.integer(0)});
    --counters.rows;
    counters.bytes -= erase.integer(1);
  }
  erase.reset();
}

void Queue::Tables::Change::commit() {
  for (const auto& [number, village] : touched_) {
    tables_.update_village_
        .bind(village.rows, village.bytes, village.rate.since_ms, village.rate.rows, village.rate.bytes, number)
        .run();
  }
  const bool forget = tables_.villages.size() + touched_.size() > tables_.forget_villages_beyond_;
  if (forget) tables_.database.execute("DELETE FROM villages WHERE rows=0");
  transaction_.commit();
  for (auto& [number, village] : touched_) {
    tables_.numbers.insert_or_assign(village.name, number);
    tables_.villages.insert_or_assign(number, std::move(village));
  }
  tables_.count_pages();
  if (forget) tables_.forget_empty_villages();
}

}  // namespace solar
