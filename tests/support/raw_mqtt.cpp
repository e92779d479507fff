#include "tests/support/raw_mqtt.hpp"

#include <stdexcept>

#include "tests/support/raw_mqtt_fields.hpp"

namespace solar::test::mqtt {
namespace {

// Identifiers of MQTT v5 properties, section 2.2.2.2 of the standard.
constexpr char kContentType = 0x03;
constexpr char kSessionExpiry = 0x11;
constexpr char kReceiveMaximum = 0x21;
constexpr char kUserProperty = 0x26;

std::string byte(std::uint8_t value) { return {static_cast<char>(value)}; }

std::string u16(std::size_t value) {
  return byte(static_cast<std::uint8_t>(value >> 8U)) + byte(static_cast<std::uint8_t>(value));
}

std::string u32(std::uint32_t value) { return u16(value >> 16U) + u16(value & 0xFFFFU); }

std::string text(std::string_view value) { return u16(value.size()) + std::string{value}; }

std::string variable(std::size_t value) {
  std::string bytes;
  do {
    const auto low = static_cast<std::uint8_t>(value % 128);
    value /= 128;
    bytes += byte(value > 0 ? static_cast<std::uint8_t>(low | 0x80U) : low);
  } while (value > 0);
  return bytes;
}

std::string with_length(std::string_view bytes) { return variable(bytes.size()) + std::string{bytes}; }

}  // namespace

std::string encode(Type type, std::uint8_t flags, std::string_view body) {
  const auto first = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4U | flags);
  return byte(first) + with_length(body);
}

std::string encode(const Connect& connect) {
  unsigned flags = connect.clean_start ? 0x02U : 0U;
  if (!connect.username.empty()) flags |= 0x80U;
  if (!connect.password.empty()) flags |= 0x40U;
  std::string properties = kSessionExpiry + u32(connect.session_expiry_seconds);
  properties += kReceiveMaximum + u16(connect.receive_maximum);
  std::string body = text("MQTT") + byte(5) + byte(static_cast<std::uint8_t>(flags)) + u16(connect.keepalive_seconds);
  body += with_length(properties) + text(connect.client_id);
  if (!connect.username.empty()) body += text(connect.username);
  if (!connect.password.empty()) body += text(connect.password);
  return encode(Type::Connect, 0, body);
}

std::string encode(const Publish& publish) {
  std::string properties;
  if (!publish.content_type.empty()) properties += kContentType + text(publish.content_type);
  for (const auto& [name, value] : publish.user_properties) properties += kUserProperty + text(name) + text(value);
  std::string body = text(publish.topic);
  if (publish.qos > 0) body += u16(publish.packet_id);
  body += with_length(properties);
  body += publish.payload;
  const unsigned flags =
      (publish.duplicate ? 8U : 0U) | static_cast<unsigned>(publish.qos) << 1U | (publish.retain ? 1U : 0U);
  return encode(Type::Publish, static_cast<std::uint8_t>(flags), body);
}

std::string encode_subscribe(std::uint16_t packet_id, std::string_view filter, std::uint8_t qos) {
  return encode(Type::Subscribe, 2, u16(packet_id) + byte(0) + text(filter) + byte(qos));
}

std::string encode_puback(std::uint16_t packet_id, std::uint8_t reason) {
  return encode(Type::Puback, 0, reason == 0 ? u16(packet_id) : u16(packet_id) + byte(reason));
}

std::string encode_disconnect(std::uint8_t reason) {
  return encode(Type::Disconnect, 0, reason == 0 ? std::string{} : byte(reason));
}

std::string encode_connack(bool session_present, std::uint8_t reason, std::string_view properties) {
  return encode(Type::Connack, 0, byte(session_present ? 1 : 0) + byte(reason) + with_length(properties));
}

std::string encode_suback(std::uint16_t packet_id, std::uint8_t reason) {
  return encode(Type::Suback, 0, u16(packet_id) + byte(0) + byte(reason));
}

std::string encode_unsuback(std::uint16_t packet_id, std::uint8_t reason) {
  return encode(Type::Unsuback, 0, u16(packet_id) + byte(0) + byte(reason));
}

std::optional<Packet> Peer::take_packet() {
  try {
    Fields fields{buffered_};
    const std::uint8_t first = fields.u8();
    std::string body{fields.take(fields.variable())};
    buffered_ = std::string{fields.rest()};
    return Packet{static_cast<Type>(first >> 4U), static_cast<std::uint8_t>(first & 0x0FU), std::move(body)};
  } catch (const std::out_of_range&) {
    return std::nullopt;  // not yet whole
  }
}

std::optional<Packet> Peer::read(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    if (auto packet = take_packet()) return packet;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto some = receive_some(socket_, std::max(left, std::chrono::milliseconds{0}));
    if (!some) return std::nullopt;
    closed_ = some->empty();
    if (closed_) return std::nullopt;
    buffered_ += *some;
  }
}

std::optional<Packet> Peer::read(Type type, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    auto packet = read(std::max(left, std::chrono::milliseconds{0}));
    if (!packet || packet->type == type) return packet;
  }
}

Peer connect(std::uint16_t port, const Connect& options) {
  Peer peer{connect_to(port)};
  if (!peer.socket().valid() || !peer.send(encode(options)))
    throw std::runtime_error{"nobody listens at the broker's port"};
  const auto answer = peer.read(Type::Connack);
  if (!answer || reason(*answer) != 0) throw std::runtime_error{"the broker does not take the client"};
  return peer;
}

std::uint8_t publish(Peer& peer, const Publish& message) {
  if (!peer.send(encode(message))) throw std::runtime_error{"the broker closed the connection"};
  const auto answer = peer.read(Type::Puback);
  if (!answer) throw std::runtime_error{"no PUBACK"};
  return reason(*answer);
}

}  // namespace solar::test::mqtt
