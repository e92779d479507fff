// The villages of a database and their counters.
#include <algorithm>
#include <utility>

#include "shared/log.hpp"
#include "shared/queue.hpp"
#include "shared/queue_tables.hpp"

namespace solar {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;

}  // namespace

void Rate::add(std::int64_t wall_ms, std::int64_t body_bytes) {
  if (rows == 0 || wall_ms < since_ms || wall_ms - since_ms > 4 * kDayMs) {
    *this = {.since_ms = wall_ms, .rows = 0, .bytes = 0};
  } else if (wall_ms - since_ms > 2 * kDayMs) {
    *this = {.since_ms = since_ms + (wall_ms - since_ms) / 2, .rows = rows / 2, .bytes = bytes / 2};
  }
  ++rows;
  bytes += body_bytes;
}

void Queue::Tables::load_villages() {
  Statement all =
      database.prepare("SELECT village, name, rows, bytes, rate_since_ms, rate_rows, rate_bytes FROM villages");
  while (all.step()) {
    VillageCounters village{.number = all.integer(0),
                            .name = all.text(1),
                            .rows = all.integer(2),
                            .bytes = all.integer(3),
                            .rate = {.since_ms = all.integer(4), .rows = all.integer(5), .bytes = all.integer(6)}};
    numbers.emplace(village.name, village.number);
    villages.emplace(village.number, std::move(village));
  }
  find_rows();
}

/// The villages that rows name, whatever the counters say: a bit flip in either must not hide a row.
void Queue::Tables::find_rows() {
  do {
    with_rows.clear();
  } while (!list_villages_of_rows() && renumber_rows());
}

/// False: there are rows whose village is no number; a bit in a row's header makes it a text, a fraction or nothing.
bool Queue::Tables::list_villages_of_rows() {
  Statement next = database.prepare("SELECT min(village), typeof(min(village)) FROM readings WHERE village>?");
  std::int64_t number = INT64_MIN;
  while (next.bind(number).step() && !next.is_null(0)) {
    if (next.text(1) != "integer") return false;
    number = next.integer(0);
    next.reset();
    if (!villages.contains(number)) name_orphan(number);
    const auto village = villages.find(number);
    if (village == villages.end()) continue;  // its rows went to the village of that name
    if (village->second.rows <= 0) recount(village->second);
    with_rows.push_back(number);
  }
  next.reset();
  Statement without = database.prepare("SELECT 1 FROM readings WHERE village IS NULL LIMIT 1");
  return !without.step();
}

/// Their rows become those of a village that is not there; whether there were any.
bool Queue::Tables::renumber_rows() {
  log::error("readings whose village is no number on the disk, named by their bodies");
  database.execute("UPDATE OR IGNORE readings SET village=0 WHERE typeof(village)<>'integer'");
  return database.changes() > 0;
}

/// Rows whose village is not there: their bodies still say where they come from.
void Queue::Tables::name_orphan(VillageNumber number) {
  Statement named = database.prepare(
      "SELECT json_extract(CAST(body AS TEXT), '$.village') FROM readings WHERE village=? AND "
      "CASE WHEN json_valid(CAST(body AS TEXT)) THEN json_type(CAST(body AS TEXT), '$.village') = 'text' ELSE 0 END "
      "LIMIT 1");
  std::string name = named.bind(number).step() ? named.text(0) : "unknown-" + std::to_string(number);
  named.reset();
  log::error("readings without a village on the disk, named by their bodies", {{"village", name}});
  if (const auto known = numbers.find(name); known != numbers.end()) {
    VillageCounters& village = villages.at(known->second);
    database.prepare("UPDATE OR IGNORE readings SET village=? WHERE village=?").bind(village.number, number).run();
    recount(village);
    if (std::find(with_rows.begin(), with_rows.end(), village.number) == with_rows.end()) {
      with_rows.push_back(village.number);
    }
    Statement left = database.prepare("SELECT 1 FROM readings WHERE village=? LIMIT 1");
    if (!left.bind(number).step()) return;
    name = "unknown-" + std::to_string(number);
  }
  database.prepare("INSERT INTO villages(village, name) VALUES(?,?)").bind(number, name).run();
  numbers.emplace(name, number);
  villages.emplace(number, VillageCounters{.number = number, .name = name, .rate = {}});
}

void Queue::Tables::recount(VillageCounters& village) {
  Statement count = database.prepare("SELECT count(*), coalesce(sum(length(body)), 0) FROM readings WHERE village=?");
  static_cast<void>(count.bind(village.number).step());
  village.rows = count.integer(0);
  village.bytes = count.integer(1);
}

/// REQUIRES: their rows are deleted. Looks again only when twice as many are known.
void Queue::Tables::forget_empty_villages() {
  for (auto entry = villages.begin(); entry != villages.end();) {
    if (entry->second.rows == 0) {
      numbers.erase(entry->second.name);
      entry = villages.erase(entry);
    } else {
      ++entry;
    }
  }
  forget_villages_beyond_ = std::max(kVillagesKept, 2 * villages.size());
}

const VillageCounters& Queue::Tables::known(VillageNumber number) const {
  const auto village = villages.find(number);
  if (village == villages.end()) {
    throw SqliteError{SqliteError::Kind::Corrupt,
                      "a reading names village " + std::to_string(number) + ", which is not there"};
  }
  return village->second;
}

VillageCounters& Queue::Tables::Change::village(VillageNumber number) {
  if (const auto found = touched_.find(number); found != touched_.end()) return found->second;
  return touched_.emplace(number, tables_.known(number)).first->second;
}

VillageCounters& Queue::Tables::Change::village(const std::string& name) {
  if (const auto known = tables_.numbers.find(name); known != tables_.numbers.end()) return village(known->second);
  const auto same_name = [&name](const auto& entry) { return entry.second.name == name; };
  if (const auto found = std::find_if(touched_.begin(), touched_.end(), same_name); found != touched_.end()) {
    return found->second;
  }
  static_cast<void>(tables_.insert_village_.bind(name).step());
  const VillageNumber number = tables_.insert_village_.integer(0);
  tables_.insert_village_.reset();
  return touched_.emplace(number, VillageCounters{.number = number, .name = name, .rate = {}}).first->second;
}

}  // namespace solar
