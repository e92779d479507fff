// What packets say.
#include "tests/support/raw_mqtt.hpp"
#include "tests/support/raw_mqtt_fields.hpp"

namespace solar::test::mqtt {
namespace {

// Identifiers of MQTT v5 properties, section 2.2.2.2 of the standard.
constexpr std::uint8_t kContentType = 0x03;
constexpr std::uint8_t kSessionExpiry = 0x11;
constexpr std::uint8_t kReceiveMaximum = 0x21;
constexpr std::uint8_t kUserProperty = 0x26;
constexpr std::uint8_t kMaximumPacketSize = 0x27;

// Passes over the value of a property that nobody wants to know.
void skip_value(Fields& fields, std::uint8_t id) {
  switch (id) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2A:
      fields.take(1);
      break;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      fields.take(2);
      break;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27:
      fields.take(4);
      break;
    case 0x0B:
      fields.variable();
      break;
    default:
      fields.text();
      break;
  }
}

void read_properties(Fields& fields, Publish& publish) {
  Fields properties{fields.take(fields.variable())};
  while (!properties.empty()) {
    const std::uint8_t id = properties.u8();
    if (id == kContentType) {
      publish.content_type = properties.text();
    } else if (id == kUserProperty) {
      std::string name = properties.text();
      publish.user_properties.emplace_back(std::move(name), properties.text());
    } else {
      skip_value(properties, id);
    }
  }
}

void read_properties(Fields& fields, Connect& connect) {
  Fields properties{fields.take(fields.variable())};
  while (!properties.empty()) {
    const std::uint8_t id = properties.u8();
    if (id == kSessionExpiry) {
      connect.session_expiry_seconds = properties.u32();
    } else if (id == kReceiveMaximum) {
      connect.receive_maximum = properties.u16();
    } else if (id == kMaximumPacketSize) {
      connect.maximum_packet_bytes = properties.u32();
    } else {
      skip_value(properties, id);
    }
  }
}

Publish read_will(Fields& fields, unsigned flags) {
  Publish will;
  read_properties(fields, will);
  will.topic = fields.text();
  will.payload = fields.text();
  will.qos = static_cast<std::uint8_t>(flags >> 3U & 3U);
  will.retain = (flags & 0x20U) != 0;
  return will;
}

}  // namespace

Connect decode_connect(const Packet& packet) {
  Fields fields{packet.body};
  Connect connect;
  fields.text();  // "MQTT"
  connect.version = fields.u8();
  const unsigned flags = fields.u8();
  connect.clean_start = (flags & 0x02U) != 0;
  connect.keepalive_seconds = fields.u16();
  read_properties(fields, connect);
  connect.client_id = fields.text();
  if ((flags & 0x04U) != 0) connect.will = read_will(fields, flags);
  if ((flags & 0x80U) != 0) connect.username = fields.text();
  if ((flags & 0x40U) != 0) connect.password = fields.text();
  return connect;
}

Subscription decode_subscribe(const Packet& packet) {
  Fields fields{packet.body};
  Subscription subscription;
  subscription.packet_id = fields.u16();
  fields.take(fields.variable());
  subscription.filter = fields.text();
  if (packet.type == Type::Subscribe) subscription.qos = static_cast<std::uint8_t>(fields.u8() & 3U);
  return subscription;
}

Publish decode_publish(const Packet& packet) {
  Fields fields{packet.body};
  Publish publish;
  publish.qos = static_cast<std::uint8_t>(packet.flags >> 1U & 3U);
  publish.retain = (packet.flags & 1U) != 0;
  publish.duplicate = (packet.flags & 8U) != 0;
  publish.topic = fields.text();
  publish.packet_id = publish.qos > 0 ? fields.u16() : std::uint16_t{0};
  read_properties(fields, publish);
  publish.payload = fields.rest();
  return publish;
}

std::uint16_t packet_id(const Packet& packet) { return Fields{packet.body}.u16(); }

std::uint8_t reason(const Packet& packet) {
  Fields fields{packet.body};
  if (packet.type == Type::Disconnect) return fields.empty() ? std::uint8_t{0} : fields.u8();
  if (packet.type == Type::Connack) {
    fields.take(1);
    return fields.u8();
  }
  fields.u16();
  if (packet.type == Type::Suback || packet.type == Type::Unsuback) fields.take(fields.variable());
  return fields.empty() ? std::uint8_t{0} : fields.u8();
}

}  // namespace solar::test::mqtt
