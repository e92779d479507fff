#include "tests/simulation/ledger.hpp"

#include <charconv>

#include "forwarder/http_mapping.hpp"
#include "shared/checksum.hpp"

namespace solar::test {

namespace {

/// <village>/<device>/<id>/<crc>
std::string id_in(std::string_view key) {
  key = key.substr(0, key.rfind('/'));
  return std::string{key.substr(key.rfind('/') + 1)};
}

}  // namespace

std::int64_t Ledger::offer(Maker maker, const Origin& origin, bool poison, Millis now) {
  Entry entry;
  entry.maker = maker;
  entry.origin = origin;
  entry.poison = poison;
  entry.offered_at = now;
  entries_.push_back(std::move(entry));
  return static_cast<std::int64_t>(entries_.size()) - 1;
}

/// A reading may have several ids, as a plain one that the broker delivered again; an id has one reading.
void Ledger::give(const std::string& id, std::int64_t number) {
  const auto [known, is_new] = ids_.emplace(id, number);
  if (is_new || known->second == number) return;
  throw Violation{"the id " + id + " was given twice: to reading " + std::to_string(known->second) + " and to " +
                  std::to_string(number)};
}

void Ledger::accepted(std::int64_t number, const std::string& id, std::string body) {
  give(id, number);
  Entry& entry = at(number);
  entry.accepted = true;
  entry.id = id;
  entry.body = std::move(body);
  seen(number, "accepted as " + id);
}

void Ledger::sent_by_device(std::int64_t number, std::string id, std::string body) {
  Entry& entry = at(number);
  entry.id = std::move(id);
  entry.body = std::move(body);
}

void Ledger::seen(std::int64_t number, std::string_view where) {
  if (journal_.has_text()) at(number).seen = where;
}

std::int64_t Ledger::number_of(std::string_view body) const {
  constexpr std::string_view kName = "\"n\":";
  const auto at = body.find(kName);
  std::int64_t number = -1;
  if (at != std::string_view::npos) {
    const std::string_view digits = body.substr(at + kName.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
  }
  if (number < 0 || number >= static_cast<std::int64_t>(entries_.size())) {
    throw Violation{"a body that nobody made: " + shortened(body)};
  }
  return number;
}

/// One id, one reading; one reading, one body: so a key never comes with another body.
void Ledger::arrived(std::string_view key, std::string_view body) {
  const std::int64_t number = number_of(body);
  Entry& entry = at(number);
  if (entry.maker == Maker::Gateway && !entry.accepted) {
    if (!entry.perhaps) throw Violation{"reading " + std::to_string(number) + " is at central and was never accepted"};
    if (entry.body.empty()) entry.body = body;
    if (entry.id.empty()) entry.id = id_in(key);
  }
  if (body != entry.body) {
    throw Violation{"reading " + std::to_string(number) + " has another body at central: " + shortened(body) +
                    " instead of " + shortened(entry.body)};
  }
  const std::string id = entry.maker == Maker::Plain ? id_in(key) : entry.id;
  const std::string expected = idempotency_key(entry.origin, id, checksum(entry.body));
  if (key != expected) {
    throw Violation{"reading " + std::to_string(number) + " has another key at central: " + std::string{key} +
                    " instead of " + expected};
  }
  give(id, number);
}

void Ledger::stored(std::string_view body, Millis now) {
  const std::int64_t number = number_of(body);
  Entry& entry = at(number);
  if (entry.poison) throw Violation{"a reading that central refuses is at central"};
  if (!entry.at_central) entry.at_central = now;
  journal_.note("central stores reading {}", {number});
}

void Ledger::refused(std::string_view body) {
  const std::int64_t number = number_of(body);
  at(number).refused_by_central = true;
  journal_.note("central refuses reading {}", {number});
}

void Ledger::inbox_destroyed(std::size_t forwarder) {
  for (Entry& entry : entries_) entry.inboxes &= ~(1U << forwarder);
}

}  // namespace solar::test
