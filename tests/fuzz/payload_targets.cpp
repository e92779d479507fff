#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/message.hpp"
#include "shared/reading.hpp"
#include "shared/receipt.hpp"
#include "shared/topic.hpp"
#include "tests/fuzz/targets.hpp"

namespace solar::test {
namespace {

using nlohmann::json;

constexpr std::string_view kVillage = "Bamenda";

void check_reading(const Reading& reading) {
  promise(reading.body.size() <= kReadingMaxBytes + kVillage.size() + 16, "a reading has a limit");
  const json body = json::parse(reading.body);
  promise(body.at("village") == kVillage, "a village can only report for itself");
  promise(body.at("power_kw").is_number(), "power_kw is a number");
  promise(body.contains("id") == reading.id.has_value(), "the id is the body's");
  if (reading.id) promise(body["id"] == *reading.id, "the id is the body's");
}

// Whoever takes the body of a reading for a message of its own sees the same reading.
void check_travels(const Reading& reading) {
  if (reading.body.size() > kReadingMaxBytes) return;
  const auto again = decode_reading(reading.body, kVillage);
  promise(std::holds_alternative<Reading>(again), "a reading stays one");
  promise(std::get<Reading>(again) == reading, "a body is never changed again");
}

void reading(std::string_view bytes) {
  const auto decoded = decode_reading(bytes, kVillage);
  if (const auto* whole = std::get_if<Reading>(&decoded)) {
    check_reading(*whole);
    check_travels(*whole);
    promise(whole->body.size() <= bytes.size() + kVillage.size() + 16, "only the village is inserted");
  }
}

void message(std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  const auto encoding = choice % 3 == 0   ? std::nullopt
                        : choice % 3 == 1 ? std::optional{kDeflate}
                                          : std::optional<std::string_view>{"gzip"};
  const DecodedMessage decoded = decode_message(bytes, encoding, kVillage);
  promise(decoded.readings.size() + decoded.bad.size() <= kMessageMaxReadings, "a message has a limit of readings");
  promise(!decoded.readings.empty() || !decoded.bad.empty(), "whatever comes is a reading or a dead letter");
  std::vector<std::string_view> bodies;
  std::size_t size = 2;
  for (const Reading& element : decoded.readings) {
    check_reading(element);
    if (element.body.size() > kReadingMaxBytes) return;
    bodies.push_back(element.body);
    size += element.body.size() + 1;
  }
  for (const BadPart& part : decoded.bad) promise(part.bytes.size() <= kMessageMaxBytes, "a dead letter has a limit");
  if (bodies.empty() || size > kMessageMaxBytes) return;
  const EncodedMessage encoded = encode_batch(bodies);
  const DecodedMessage again =
      decode_message(encoded.payload, encoded.deflated ? std::optional{kDeflate} : std::nullopt, kVillage);
  promise(again.bad.empty() && again.readings == decoded.readings, "a batch brings what was put in");
}

void receipt(std::string_view bytes) {
  const auto decoded = decode_receipt(bytes);
  const auto* rows = std::get_if<ReceiptRows>(&decoded);
  if (rows == nullptr) return;
  promise(rows->delivered.size() + rows->refused.size() <= kReceiptIdsMax, "a receipt has a limit of ids");
  Receipt told;
  for (const RowId& row : rows->delivered) told.delivered.push_back(to_string(row));
  for (const RefusedRow& row : rows->refused) told.refused.push_back({to_string(row.row), row.reason});
  const std::string payload = encode_receipt(told);
  if (payload.size() > kMessageMaxBytes) return;
  const auto again = decode_receipt(payload);
  promise(std::holds_alternative<ReceiptRows>(again), "what we say can be read");
  const auto& rows_again = std::get<ReceiptRows>(again);
  const auto ids = [](const ReceiptRows& of) {
    std::set<std::string> all;
    for (const RowId& row : of.delivered) all.insert(to_string(row));
    return all;
  };
  promise(ids(rows_again) == ids(*rows) && rows_again.refused.size() == rows->refused.size(),
          "a receipt says what was put in");
}

void topic(std::string_view bytes) {
  const auto parsed = parse_topic(bytes);
  if (const auto* whole = std::get_if<Topic>(&parsed)) {
    promise(to_string(*whole) == bytes, "a topic has one spelling");
    promise(!check_name(whole->origin.village) && !check_name(whole->origin.device), "a topic holds names");
  }
  if (const auto name = decode_level(bytes)) promise(encode_level(*name) == bytes, "a level has one spelling");
  if (!check_name(bytes)) {
    const Topic made{.origin = {std::string{bytes}, std::string{bytes}}, .channel = Channel::Readings};
    const auto again = parse_topic(to_string(made));
    promise(std::holds_alternative<Topic>(again) && std::get<Topic>(again) == made, "every name makes a topic");
  }
}

}  // namespace

std::vector<FuzzTarget> payload_targets() {
  return {{"reading", reading}, {"message", message}, {"receipt", receipt}, {"topic", topic}};
}

}  // namespace solar::test
