// An MqttSession that the test drives, against a broker that the test plays.
#pragma once

#include <optional>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/watched_session.hpp"
#include "tests/wire/scripted_broker.hpp"

namespace solar::test {

inline const std::string kFilter = "solar/+/+/readings";

inline MqttOptions session_options(const ScriptedBroker& broker) {
  auto options = quick_options(broker.url());
  options.connect_timeout = Millis{30'000};
  options.filters = {kFilter};
  return options;
}

/// The next connection of `session`, its CONNECT read.
inline BrokerEnd next_client(ScriptedBroker& broker, WatchedSession& session) {
  std::optional<BrokerEnd> client;
  REQUIRE(session.until([&] {
    client = broker.client_within(std::chrono::milliseconds{0});
    return client.has_value();
  }));
  return *std::move(client);
}

/// What comes from the session while it is driven.
inline std::optional<mqtt::Packet> read(WatchedSession& session, BrokerEnd& broker, mqtt::Type type) {
  std::optional<mqtt::Packet> packet;
  static_cast<void>(session.until([&] {
    packet = broker.next(type, std::chrono::milliseconds{1});
    return packet.has_value();
  }));
  return packet;
}

inline void grant(WatchedSession& session, BrokerEnd& broker, std::uint8_t reason = 1) {
  const auto subscribe = read(session, broker, mqtt::Type::Subscribe);
  REQUIRE(subscribe);
  broker.send(mqtt::encode_suback(mqtt::packet_id(*subscribe), reason));
}

/// A connection that is taken, with its one filter granted.
inline BrokerEnd welcomed_client(ScriptedBroker& broker, WatchedSession& session, bool session_present = false,
                                 std::string_view connack_properties = {}) {
  auto client = next_client(broker, session);
  client.send(mqtt::encode_connack(session_present, 0, connack_properties));
  grant(session, client);
  return client;
}

inline MqttMessage text_message(std::string topic, std::string payload) {
  return {std::move(topic), std::move(payload), false, {}, {}};
}

}  // namespace solar::test
