#include "tests/wire/scripted_broker.hpp"

#include <stdexcept>
#include <utility>

namespace solar::test {
namespace {

using mqtt::Packet;
using mqtt::Type;
using Clock = std::chrono::steady_clock;

std::string property(char id, std::uint32_t value, int bytes) {
  std::string text{id};
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU));
  }
  return text;
}

std::chrono::milliseconds until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return std::max(left, std::chrono::milliseconds{0});
}

}  // namespace

std::string session_expiry_property(std::uint32_t seconds) { return property('\x11', seconds, 4); }
std::string server_keepalive_property(std::uint16_t seconds) { return property('\x13', seconds, 2); }
std::string receive_maximum_property(std::uint16_t messages) { return property('\x21', messages, 2); }
std::string maximum_packet_size_property(std::uint32_t bytes) { return property('\x27', bytes, 4); }

const mqtt::Connect& BrokerEnd::read_connect() {
  const auto packet = peer_.read();
  if (!packet || packet->type != Type::Connect) throw std::runtime_error{"no CONNECT"};
  connect_ = mqtt::decode_connect(*packet);
  return connect_;
}

std::vector<mqtt::Subscription> BrokerEnd::welcome(std::size_t subscriptions, bool session_present,
                                                   std::string_view connack_properties) {
  send(mqtt::encode_connack(session_present, 0, connack_properties));
  std::vector<mqtt::Subscription> asked;
  while (asked.size() < subscriptions) {
    const auto packet = next(Type::Subscribe);
    if (!packet) throw std::runtime_error{"no SUBSCRIBE"};
    asked.push_back(mqtt::decode_subscribe(*packet));
    send(mqtt::encode_suback(asked.back().packet_id));
  }
  return asked;
}

void BrokerEnd::deliver(const std::string& topic, const std::string& payload, std::uint16_t packet_id) {
  send(mqtt::encode(mqtt::Publish{.topic = topic, .payload = payload, .packet_id = packet_id}));
}

std::optional<Packet> BrokerEnd::next(const Wanted& wanted, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (auto packet = peer_.read(until(deadline))) {
    if (wanted(*packet)) return packet;
    answer(*packet);
  }
  return std::nullopt;
}

std::optional<Packet> BrokerEnd::next(Type type, std::chrono::milliseconds patience) {
  return next([type](const Packet& packet) { return packet.type == type; }, patience);
}

std::optional<mqtt::Publish> BrokerEnd::next_publish(std::string_view topic_end, std::chrono::milliseconds patience) {
  const auto wanted = [topic_end](const Packet& packet) {
    return packet.type == Type::Publish && mqtt::decode_publish(packet).topic.ends_with(topic_end);
  };
  const auto packet = next(wanted, patience);
  return packet ? std::optional{mqtt::decode_publish(*packet)} : std::nullopt;
}

mqtt::Publish BrokerEnd::take_publish(std::string_view topic_end) {
  auto publish = next_publish(topic_end);
  if (!publish) throw std::runtime_error{"no PUBLISH to a topic that ends in " + std::string{topic_end}};
  send(mqtt::encode_puback(publish->packet_id));
  return *std::move(publish);
}

bool BrokerEnd::acked(std::uint16_t packet_id, std::chrono::milliseconds patience) {
  const auto wanted = [packet_id](const Packet& packet) {
    return packet.type == Type::Puback && mqtt::packet_id(packet) == packet_id;
  };
  return next(wanted, patience).has_value();
}

bool BrokerEnd::closes(std::chrono::milliseconds patience) {
  static_cast<void>(next([](const Packet&) { return false; }, patience));
  return peer_.closed();
}

void BrokerEnd::answer(const Packet& packet) {
  if (packet.type == Type::Pingreq) send(mqtt::encode(Type::Pingresp, 0, {}));
  if (packet.type == Type::Subscribe) send(mqtt::encode_suback(mqtt::packet_id(packet)));
  if (packet.type == Type::Unsubscribe) send(mqtt::encode_unsuback(mqtt::packet_id(packet)));
  if (packet.type == Type::Publish) send(mqtt::encode_puback(mqtt::decode_publish(packet).packet_id));
}

BrokerEnd ScriptedBroker::next_client() {
  auto client = client_within(kPatience);
  if (!client) throw std::runtime_error{"nobody connects"};
  return *std::move(client);
}

std::optional<BrokerEnd> ScriptedBroker::client_within(std::chrono::milliseconds patience) {
  Socket socket = accept_from(listener_, patience);
  if (!socket.valid()) return std::nullopt;
  BrokerEnd client{mqtt::Peer{std::move(socket)}};
  client.read_connect();
  return client;
}

}  // namespace solar::test
