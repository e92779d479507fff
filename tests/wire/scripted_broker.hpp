// A broker that the test plays, packet by packet, against a program that runs on threads or in a process of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/net.hpp"
#include "tests/support/raw_mqtt.hpp"
#include "tests/support/wait.hpp"

namespace solar::test {

/// How long a test watches that something does not happen.
inline constexpr std::chrono::milliseconds kWatch{300};

/// A property of CONNACK, as bytes.
[[nodiscard]] std::string session_expiry_property(std::uint32_t seconds);
[[nodiscard]] std::string server_keepalive_property(std::uint16_t seconds);
[[nodiscard]] std::string receive_maximum_property(std::uint16_t messages);
[[nodiscard]] std::string maximum_packet_size_property(std::uint32_t bytes);

/// One connection of the program as its broker sees it. While it waits for one packet it answers the others as a good
/// broker does: PINGRESP, PUBACK, SUBACK, UNSUBACK. Owner: the test's thread.
class BrokerEnd {
 public:
  using Wanted = std::function<bool(const mqtt::Packet&)>;

  explicit BrokerEnd(mqtt::Peer peer) : peer_{std::move(peer)} {}

  /// Reads the CONNECT. Throws std::runtime_error if none comes.
  const mqtt::Connect& read_connect();
  [[nodiscard]] const mqtt::Connect& connect() const { return connect_; }

  bool send(std::string_view bytes) { return peer_.send(bytes); }
  /// CONNACK, and SUBACK for that many SUBSCRIBEs, which it returns. Throws std::runtime_error if they do not come.
  std::vector<mqtt::Subscription> welcome(std::size_t subscriptions, bool session_present = false,
                                          std::string_view connack_properties = {});
  /// A reading, or anything else, with QoS 1.
  void deliver(const std::string& topic, const std::string& payload, std::uint16_t packet_id);

  /// The next packet that is wanted; nullopt: closed, or none within `patience`.
  [[nodiscard]] std::optional<mqtt::Packet> next(const Wanted& wanted, std::chrono::milliseconds patience = kPatience);
  [[nodiscard]] std::optional<mqtt::Packet> next(mqtt::Type type, std::chrono::milliseconds patience = kPatience);
  /// The next PUBLISH to a topic that ends so, e.g. "/readings". Not answered.
  [[nodiscard]] std::optional<mqtt::Publish> next_publish(std::string_view topic_end,
                                                          std::chrono::milliseconds patience = kPatience);
  /// The same, PUBACKed. Throws std::runtime_error if none comes.
  mqtt::Publish take_publish(std::string_view topic_end);
  /// Whether the PUBACK for that packet comes.
  [[nodiscard]] bool acked(std::uint16_t packet_id, std::chrono::milliseconds patience = kPatience);
  /// Whether the program ends the connection; whatever it says before is answered.
  [[nodiscard]] bool closes(std::chrono::milliseconds patience = kPatience);

  [[nodiscard]] mqtt::Peer& peer() { return peer_; }
  void close() { peer_.close(); }

 private:
  void answer(const mqtt::Packet& packet);

  mqtt::Peer peer_;
  mqtt::Connect connect_;
};

/// Listens from its start to its end; connections that the test does not take stay unanswered. Owner: the test's
/// thread.
class ScriptedBroker {
 public:
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// The next connection, its CONNECT read. Throws std::runtime_error if none comes.
  [[nodiscard]] BrokerEnd next_client();
  /// The same if one comes within `patience`.
  [[nodiscard]] std::optional<BrokerEnd> client_within(std::chrono::milliseconds patience);

 private:
  std::uint16_t port_{free_port()};
  Socket listener_{listen_on(port_)};
};

}  // namespace solar::test
