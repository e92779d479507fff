#include "shared/mqtt_session_options.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "shared/message.hpp"
#include "shared/tls_files.hpp"

namespace solar::mqtt_session {
namespace {

/// Above what `room` lets out, so that a birth and the subscriptions are never held back.
constexpr int kPahoInFlightMax = 200;

std::int32_t expiry_seconds(Millis expiry) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(expiry).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(seconds, 0, std::numeric_limits<std::int32_t>::max()));
}

std::chrono::seconds whole_seconds(Millis duration) {
  return std::max(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>(duration));
}

mqtt::ssl_options ssl_options(const MqttOptions& options) {
  mqtt::ssl_options ssl;
  ssl.set_enable_server_cert_auth(true);
  ssl.set_verify(true);  // without it Paho does not compare the host name
  ssl.set_enabled_cipher_suites(kTlsCiphers);
  if (!options.ca_file.empty()) ssl.set_trust_store(options.ca_file);
  if (!options.certificate_file.empty()) ssl.set_key_store(options.certificate_file);
  if (!options.key_file.empty()) ssl.set_private_key(options.key_file);
  return ssl;
}

mqtt::properties message_properties(const MqttMessage& message) {
  mqtt::properties properties;
  if (!message.content_type.empty()) properties.add({mqtt::property::CONTENT_TYPE, message.content_type});
  if (message.content_encoding) {
    properties.add({mqtt::property::USER_PROPERTY, std::string{kContentEncoding}, *message.content_encoding});
  }
  return properties;
}

std::string_view text_of(const MQTTLenString& text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, static_cast<std::size_t>(text.len)};
}

}  // namespace

mqtt::connect_options connect_options(const MqttOptions& options, const std::string& password, bool tls) {
  mqtt::connect_options connect;
  connect.set_mqtt_version(MQTTVERSION_5);
  connect.set_clean_start(false);
  connect.set_automatic_reconnect(false);
  connect.set_keep_alive_interval(whole_seconds(options.keepalive));
  connect.set_connect_timeout(whole_seconds(options.connect_timeout));
  connect.set_max_inflight(kPahoInFlightMax);
  if (!options.username.empty()) connect.set_user_name(options.username);
  if (!password.empty()) connect.set_password(password);
  if (options.will) connect.set_will(mqtt::will_options{*to_paho(*options.will)});
  if (tls) connect.set_ssl(ssl_options(options));

  mqtt::properties properties;
  properties.add({mqtt::property::SESSION_EXPIRY_INTERVAL, expiry_seconds(options.session_expiry)});
  properties.add({mqtt::property::RECEIVE_MAXIMUM, static_cast<std::int32_t>(options.receive_maximum)});
  properties.add({mqtt::property::MAXIMUM_PACKET_SIZE, static_cast<std::int32_t>(options.maximum_packet_bytes)});
  connect.set_properties(properties);
  return connect;
}

mqtt::message_ptr to_paho(const MqttMessage& message) {
  return mqtt::message::create(message.topic, message.payload.data(), message.payload.size(), 1, message.retained,
                               message_properties(message));
}

void from_paho(const mqtt::message& message, MqttMessage& into) {
  into.topic.assign(message.get_topic());
  into.payload.assign(message.get_payload());
  into.retained = message.is_retained();
  into.content_type.clear();
  into.content_encoding.reset();

  const auto& properties = message.get_properties().c_struct();
  for (int i = 0; i < properties.count; ++i) {
    const auto& property = properties.array[i];
    if (property.identifier == MQTTPROPERTY_CODE_CONTENT_TYPE) into.content_type.assign(text_of(property.value.data));
    if (property.identifier == MQTTPROPERTY_CODE_USER_PROPERTY && text_of(property.value.data) == kContentEncoding) {
      into.content_encoding.emplace(text_of(property.value.value));
    }
  }
}

std::size_t packet_bytes(const MqttMessage& message) {
  constexpr std::size_t kLengthField = 4;  // the longest that the packet's or the properties' length can be
  constexpr std::size_t kTextHead = 3;     // a property's identifier and its text's length
  std::size_t bytes = 1 + kLengthField + 2 + message.topic.size() + 2 + kLengthField + message.payload.size();
  if (!message.content_type.empty()) bytes += kTextHead + message.content_type.size();
  if (message.content_encoding) bytes += kTextHead + kContentEncoding.size() + 2 + message.content_encoding->size();
  return bytes;
}

Greeted greeted(bool session_present, const mqtt::properties& connack) {
  Greeted greeted{.session_present = session_present};
  const auto& properties = connack.c_struct();
  for (int i = 0; i < properties.count; ++i) {
    const auto& [id, value] = properties.array[i];
    if (id == MQTTPROPERTY_CODE_RECEIVE_MAXIMUM) greeted.receive_maximum = value.integer2;
    if (id == MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE) greeted.maximum_packet_bytes = value.integer4;
    if (id == MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE && value.integer2 > 0)
      greeted.keepalive = std::chrono::seconds{value.integer2};
  }
  return greeted;
}

}  // namespace solar::mqtt_session
