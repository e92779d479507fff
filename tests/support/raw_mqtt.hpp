// A tiny MQTT v5 of the tests' own: packets as bytes, and a socket to send and read them. It shares no code with the
// programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/net.hpp"
#include "tests/support/wait.hpp"

namespace solar::test::mqtt {

/// The first half of a packet's first byte.
enum class Type : std::uint8_t {
  Connect = 1,
  Connack,
  Publish,
  Puback,
  Pubrec,
  Pubrel,
  Pubcomp,
  Subscribe,
  Suback,
  Unsubscribe,
  Unsuback,
  Pingreq,
  Pingresp,
  Disconnect
};

/// Any packet as it came: flags are the second half of its first byte, `body` what follows the length.
struct Packet {
  Type type{};
  std::uint8_t flags{};
  std::string body;
};

struct Publish {
  std::string topic{};
  std::string payload{};
  std::uint8_t qos{1};
  std::uint16_t packet_id{1};  ///< not sent with QoS 0
  bool retain{};
  bool duplicate{};
  std::string content_type{};
  std::vector<std::pair<std::string, std::string>> user_properties{};
};

struct Connect {
  std::string client_id{};
  bool clean_start{true};
  std::uint16_t keepalive_seconds{60};
  std::uint32_t session_expiry_seconds{};
  std::uint16_t receive_maximum{65535};
  std::string username{};
  std::string password{};
  // Only decoded:
  std::uint8_t version{5};
  std::uint32_t maximum_packet_bytes{};
  std::optional<Publish> will{};
};

/// A SUBSCRIBE or UNSUBSCRIBE for one filter.
struct Subscription {
  std::uint16_t packet_id{};
  std::string filter{};
  std::uint8_t qos{};
};

/// A packet of any type and content: also wrong ones.
[[nodiscard]] std::string encode(Type type, std::uint8_t flags, std::string_view body);
[[nodiscard]] std::string encode(const Connect& connect);
[[nodiscard]] std::string encode(const Publish& publish);
[[nodiscard]] std::string encode_subscribe(std::uint16_t packet_id, std::string_view filter, std::uint8_t qos = 1);
[[nodiscard]] std::string encode_puback(std::uint16_t packet_id, std::uint8_t reason = 0);
[[nodiscard]] std::string encode_disconnect(std::uint8_t reason = 0);
/// What a broker says.
[[nodiscard]] std::string encode_connack(bool session_present, std::uint8_t reason = 0,
                                         std::string_view properties = {});
[[nodiscard]] std::string encode_suback(std::uint16_t packet_id, std::uint8_t reason = 1);
[[nodiscard]] std::string encode_unsuback(std::uint16_t packet_id, std::uint8_t reason = 0);

/// These throw std::out_of_range on a short packet.
[[nodiscard]] Connect decode_connect(const Packet& packet);
[[nodiscard]] Subscription decode_subscribe(const Packet& packet);
[[nodiscard]] Publish decode_publish(const Packet& packet);
/// The packet id at the start of a PUBACK, SUBACK, SUBSCRIBE, UNSUBSCRIBE or UNSUBACK.
[[nodiscard]] std::uint16_t packet_id(const Packet& packet);
/// The reason code of a CONNACK, PUBACK, DISCONNECT (0 where it is left out) or the first of a SUBACK.
[[nodiscard]] std::uint8_t reason(const Packet& packet);

/// One end of a connection, a client's or a broker's. Owner: one thread.
class Peer {
 public:
  explicit Peer(Socket socket) : socket_{std::move(socket)} {}

  bool send(std::string_view bytes) { return send_all(socket_, bytes); }
  /// The next packet; nullopt: closed, or none within `patience`.
  [[nodiscard]] std::optional<Packet> read(std::chrono::milliseconds patience = kPatience);
  /// The next packet of `type`; others before it are dropped.
  [[nodiscard]] std::optional<Packet> read(Type type, std::chrono::milliseconds patience = kPatience);
  [[nodiscard]] const Socket& socket() const { return socket_; }
  [[nodiscard]] bool closed() const { return closed_; }
  void close() { socket_.close(); }

 private:
  [[nodiscard]] std::optional<Packet> take_packet();
  Socket socket_;
  std::string buffered_;
  bool closed_{};
};

/// A client that has connected to 127.0.0.1:`port`. Throws std::runtime_error where the broker does not take it.
[[nodiscard]] Peer connect(std::uint16_t port, const Connect& options);

/// Publishes with QoS 1; the PUBACK's reason. Throws std::runtime_error if none comes.
std::uint8_t publish(Peer& peer, const Publish& message);

}  // namespace solar::test::mqtt
