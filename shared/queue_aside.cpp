// What is kept for a person: refused readings, unreadable messages, damaged rows.
#include <algorithm>
#include <utility>

#include "shared/queue.hpp"
#include "shared/queue_tables.hpp"

namespace solar {

namespace {

constexpr std::int64_t kOfferEveryMs = 86'400'000;  // a refused reading is offered again once a day

std::int64_t code(AsideKind kind) { return static_cast<std::int64_t>(kind); }

Aside aside_of(const Statement& row) {
  Aside aside{.number = row.integer(0),
              .kind = static_cast<AsideKind>(row.integer(1)),
              .topic = row.text(2),
              .content_encoding = std::nullopt,
              .origin = {.village = row.text(4), .device = row.text(5)},
              .id = row.is_null(6) ? "" : row.text(6),
              .body = row.text(9),
              .reason = row.text(10),
              .at = Millis{row.integer(11)}};
  if (!row.is_null(3)) aside.content_encoding = row.text(3);
  if (aside.id.empty() && aside.kind != AsideKind::Unreadable) {
    aside.id = to_string(RowId{.token = static_cast<std::uint64_t>(row.integer(7)), .seq = row.integer(8)});
  }
  return aside;
}

/// Copies a row of `readings` to `aside`; the caller erases it in the same change.
void copy_aside(Sqlite& database, AsideKind kind, const TakenRow& row, const std::string& reason, Millis at) {
  database
      .prepare(
          "INSERT INTO aside(kind, village, device, id, token, seq, crc, accepted_at_ms, body, reason, at_ms, "
          "offered_at_ms) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(code(kind), row.parcel.origin.village, row.parcel.origin.device, row.parcel.id,
            stored(row.parcel.row.token), row.parcel.row.seq,
            marked_crc(row.parcel.crc, row.parcel.row, row.parcel.origin, row.parcel.id),
            std::int64_t{row.accepted_at.count()}, Blob{row.parcel.body}, reason, std::int64_t{at.count()},
            std::int64_t{at.count()})
      .run();
}

}  // namespace

void Queue::refuse(const RowId& row, const std::string& reason, Millis wall) {
  const std::optional<TakenRow> taken = read(row);
  if (!taken) return;
  const std::lock_guard lock{mutex_};
  Tables::Change change{*tables_};
  copy_aside(tables_->database, AsideKind::Refused, *taken, reason, wall);
  change.erase(row);
  change.commit();
  ++tables_->refused_rows;
}

void Queue::quarantine(const TakenRow& row) {
  Tables::Change change{*tables_};
  copy_aside(tables_->database, AsideKind::Quarantined, row,
             row.is_itself ? "the body does not match its CRC-32"
                           : "number, token, village or device do not match their CRC-32",
             row.accepted_at);
  change.erase(row.parcel.row);
  change.commit();
  ++tables_->quarantined_rows;
}

void Queue::set_aside_unreadable(const std::string& topic, const std::optional<std::string>& content_encoding,
                                 std::span<const Unreadable> parts, Millis wall) {
  const std::lock_guard lock{mutex_};
  std::uint64_t rows = tables_->unreadable_rows;
  std::uint64_t total = tables_->unreadable_bytes;
  Transaction transaction{tables_->database};
  Statement oldest = tables_->database.prepare(
      "DELETE FROM aside WHERE number=(SELECT min(number) FROM aside WHERE kind=1) RETURNING " + kUnreadableSize);
  Statement insert = tables_->database.prepare(
      "INSERT INTO aside(kind, topic, content_encoding, body, reason, at_ms, offered_at_ms) VALUES(1,?,?,?,?,?,?)");
  for (const Unreadable& part : parts) {
    const std::string_view bytes = part.bytes.substr(0, options_.unreadable_max_bytes);
    ++rows;
    // All that comes from outside counts, not only the payload.
    total += bytes.size() + topic.size() + part.reason.size() + (content_encoding ? content_encoding->size() : 0);
    while ((total > options_.unreadable_max_bytes || rows > kUnreadableMaxRows) && oldest.step()) {
      total -= static_cast<std::uint64_t>(oldest.integer(0));
      --rows;
      oldest.reset();
    }
    oldest.reset();
    insert
        .bind(topic, content_encoding, Blob{bytes}, part.reason, std::int64_t{wall.count()}, std::int64_t{wall.count()})
        .run();
  }
  transaction.commit();
  tables_->unreadable_rows = rows;
  tables_->unreadable_bytes = total;
  tables_->count_pages();
}

std::vector<Aside> Queue::aside(AsideKind kind, std::int64_t after_number, std::size_t limit) {
  const std::lock_guard lock{mutex_};
  Statement select = tables_->database.prepare(
      "SELECT number, kind, topic, content_encoding, village, device, id, token, seq, body, reason, at_ms FROM aside "
      "WHERE kind=? AND number>? ORDER BY number LIMIT ?");
  select.bind(code(kind), after_number, static_cast<std::int64_t>(limit));
  std::vector<Aside> rows;
  while (select.step()) rows.push_back(aside_of(select));
  return rows;
}

bool Queue::retry_refused(std::int64_t number) {
  const std::lock_guard lock{mutex_};
  return put_back(number);
}

/// Under its old seq and token. Due since 1970, because the cursors over fresh rows have long passed it.
bool Queue::put_back(std::int64_t number) {
  Statement refused = tables_->database.prepare("SELECT village, length(body) FROM aside WHERE number=? AND kind=0");
  if (!refused.bind(number).step()) return false;
  const std::string name = refused.text(0);
  const std::int64_t bytes = refused.integer(1);
  refused.reset();
  Tables::Change change{*tables_};
  VillageCounters& village = change.village(name);
  tables_->database
      .prepare(
          "INSERT OR IGNORE INTO readings(seq, token, village, device, id, crc, accepted_at_ms, due_at_ms, body) "
          "SELECT seq, token, ?, device, id, crc, accepted_at_ms, 1, body FROM aside WHERE number=?")
      .bind(village.number, number)
      .run();
  if (tables_->database.changes() > 0) {
    ++village.rows;
    village.bytes += bytes;
  } else {
    // The sender has sent it again since; anything else in its place must not cost us the reading.
    Statement same = tables_->database.prepare(
        "SELECT 1 FROM readings r JOIN aside a USING(device, id, crc) WHERE r.village=? AND a.number=?");
    if (!same.bind(village.number, number).step()) return false;
  }
  tables_->database.prepare("DELETE FROM aside WHERE number=?").bind(number).run();
  const VillageNumber village_number = village.number;
  change.commit();
  --tables_->refused_rows;
  news_.insert(village_number);
  return true;
}

std::size_t Queue::offer_refused(Millis wall, std::size_t limit) {
  const std::lock_guard lock{mutex_};
  if (tables_->refused_rows == 0) return 0;
  Statement select = tables_->database.prepare(
      "SELECT number FROM aside WHERE kind=0 AND (offered_at_ms<=? OR offered_at_ms>?) ORDER BY offered_at_ms LIMIT ?");
  select.bind(std::int64_t{wall.count()} - kOfferEveryMs, std::int64_t{wall.count()} + kOfferEveryMs,
              static_cast<std::int64_t>(limit));
  std::vector<std::int64_t> numbers;
  while (select.step()) numbers.push_back(select.integer(0));
  select.reset();
  return static_cast<std::size_t>(
      std::count_if(numbers.begin(), numbers.end(), [this](std::int64_t number) { return put_back(number); }));
}

bool Queue::drop_aside(AsideKind kind, std::int64_t number) {
  const std::lock_guard lock{mutex_};
  Transaction transaction{tables_->database};
  Statement erase =
      tables_->database.prepare("DELETE FROM aside WHERE kind=? AND number=? RETURNING " + kUnreadableSize);
  if (!erase.bind(code(kind), number).step()) return false;
  const auto bytes = static_cast<std::uint64_t>(erase.integer(0));
  erase.reset();
  transaction.commit();
  switch (kind) {
    case AsideKind::Refused:
      --tables_->refused_rows;
      break;
    case AsideKind::Unreadable:
      --tables_->unreadable_rows;
      tables_->unreadable_bytes -= bytes;
      break;
    case AsideKind::Quarantined:
      --tables_->quarantined_rows;
      break;
  }
  tables_->count_pages();
  return true;
}

}  // namespace solar
