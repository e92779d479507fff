#include "tests/simulation/tampering.hpp"

#include <charconv>

#include "shared/deflate.hpp"
#include "shared/message.hpp"
#include "shared/receipt.hpp"
#include "shared/topic.hpp"
#include "tests/simulation/gateway.hpp"

namespace solar::test {

namespace {

bool is_readings(const MqttMessage& message) { return message.topic.ends_with("/readings"); }

DecodedMessage decoded(const MqttMessage& message) {
  const auto topic = std::get<Topic>(parse_topic(message.topic));
  return decode_message(message.payload, message.content_encoding, topic.origin.village);
}

std::string text_of(const MqttMessage& message) {
  if (!message.content_encoding) return message.payload;
  const auto text = inflated(message.payload, kMessageMaxBytes);
  if (!std::holds_alternative<std::string>(text)) throw Violation{"a message that cannot be inflated"};
  return std::get<std::string>(text);
}

/// The numbers of all readings in a text; a whole decoder would take a third of a history's time.
template <class See>
void for_each_number(std::string_view text, See see) {
  constexpr std::string_view kName = "\"n\":";
  for (auto at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + 1)) {
    std::int64_t number = 0;
    std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), number);
    see(number);
  }
}

/// The outbox writes each body's id at its very beginning.
template <class See>
void for_each_id(std::string_view text, See see) {
  constexpr std::string_view kStart = R"({"id":")";
  for (auto at = text.find(kStart); at != std::string_view::npos; at = text.find(kStart, at + 1)) {
    const std::string_view id = text.substr(at + kStart.size());
    see(parse_row_id(id.substr(0, id.find('"'))).value());
  }
}

std::string with_new_id(std::string body, const std::string& id) {
  RowId row = *parse_row_id(id);
  row.seq += 1'000'000;
  const auto at = body.find(id);
  return body.replace(at, id.size(), to_string(row));
}

void change_ids(World& world, MqttMessage& message) {
  std::vector<std::string> bodies;
  for (const Reading& reading : decoded(message).readings) {
    const bool resent = world.ledger.at(world.ledger.number_of(reading.body)).times_sent > 1;
    bodies.push_back(resent ? with_new_id(reading.body, *reading.id) : reading.body);
  }
  EncodedMessage encoded = encode_batch(std::vector<std::string_view>{bodies.begin(), bodies.end()});
  message.payload = std::move(encoded.payload);
  message.content_encoding = encoded.deflated ? std::optional{std::string{kDeflate}} : std::nullopt;
}

}  // namespace

void look_at(World& world, Node& node, MqttMessage& message) {
  if (!is_readings(message)) return;
  std::int64_t readings = 0;
  const std::string text = text_of(message);
  for_each_number(text, [&](std::int64_t number) {
    Ledger::Entry& entry = world.ledger.at(number);
    if (entry.times_sent++ > 0) world.journal.bite(Bite::ReadingSentAgain);
    world.ledger.seen(number, "sent by " + node.name());
    ++readings;
  });
  auto& gateway = dynamic_cast<Gateway&>(node);
  for_each_id(text, [&](const RowId& row) { gateway.on_sent(row); });
  world.journal.note("node {} sends {} readings", {node.number(), readings});
  if (world.model == Model::NewIdAtResend) change_ids(world, message);
}

void on_puback(World& world, Node& node, const MqttMessage& message) {
  if (world.model != Model::DeletesOnPuback || !is_readings(message)) return;
  dynamic_cast<Gateway&>(node).drop_rows_of(message);
}

void on_committed(World& world, const MqttMessage& message) {
  if (world.model != Model::ReceiptsBeforeCentral) return;
  Receipt receipt;
  for (const Reading& reading : decoded(message).readings) {
    if (reading.id) receipt.delivered.push_back(*reading.id);
  }
  if (receipt.delivered.empty()) return;
  const Origin origin = std::get<Topic>(parse_topic(message.topic)).origin;
  world.broker.publish_from_device({.topic = to_string(Topic{.origin = origin, .channel = Channel::Receipts}),
                                    .payload = encode_receipt(receipt),
                                    .retained = false,
                                    .content_type = std::string{kContentTypeJson},
                                    .content_encoding = std::nullopt},
                                   {});
}

}  // namespace solar::test
