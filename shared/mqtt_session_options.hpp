// From our options and messages to Paho's, and back.
#pragma once

#include <mqtt/async_client.h>

#include <string>

#include "shared/mqtt_session.hpp"
#include "shared/mqtt_session_mailbox.hpp"

namespace solar::mqtt_session {

/// The CONNECT of one try. REQUIRES: the result is passed on as an lvalue that outlives the call of `connect` (in 1.2.0
/// a copy points into the properties of what it was copied from).
[[nodiscard]] mqtt::connect_options connect_options(const MqttOptions& options, const std::string& password, bool tls);

/// QoS 1.
[[nodiscard]] mqtt::message_ptr to_paho(const MqttMessage& message);

/// Fills `into`, whose strings keep their memory from message to message.
void from_paho(const mqtt::message& message, MqttMessage& into);

/// What a PUBLISH of `message` may take at most, its head included.
[[nodiscard]] std::size_t packet_bytes(const MqttMessage& message);

/// What the CONNACK with these properties says.
[[nodiscard]] Greeted greeted(bool session_present, const mqtt::properties& connack);

}  // namespace solar::mqtt_session
