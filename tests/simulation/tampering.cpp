#include "tests/simulation/tampering.hpp"

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

std::string with_new_id(std::string body, const std::string& id) {
  RowId row = *parse_row_id(id);
  row.seq += 1'000'000;
  const auto at = body.find(id);
  return body.replace(at, id.size(), to_string(row));
}

}  // namespace

void look_at(World& world, Node& node, MqttMessage& message) {
  if (!is_readings(message)) return;
  const DecodedMessage readings = decoded(message);
  if (!readings.bad.empty()) throw Violation{node.name() + " sends what is no reading"};
  std::vector<std::string> bodies;
  bool changed = false;
  for (const Reading& reading : readings.readings) {
    Ledger::Entry& entry = world.ledger.at(world.ledger.number_of(reading.body));
    if (entry.times_sent++ > 0) world.journal.bite(Bite::ReadingSentAgain);
    world.ledger.seen(world.ledger.number_of(reading.body), "sent by " + node.name());
    const bool resent = entry.times_sent > 1 && world.model == Model::NewIdAtResend;
    bodies.push_back(resent ? with_new_id(reading.body, *reading.id) : reading.body);
    changed = changed || resent;
  }
  world.journal.note("node {} sends {} readings", {node.number(), static_cast<std::int64_t>(bodies.size())});
  if (!changed) return;
  EncodedMessage encoded = encode_batch(std::vector<std::string_view>{bodies.begin(), bodies.end()});
  message.payload = std::move(encoded.payload);
  message.content_encoding = encoded.deflated ? std::optional{std::string{kDeflate}} : std::nullopt;
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
