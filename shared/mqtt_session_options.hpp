// From our options and messages to Paho's, and back.
#pragma once

#include <mqtt/async_client.h>

#include <string>

#include "shared/mqtt_session.hpp"

namespace solar::mqtt_session {

/// The CONNECT of one try. REQUIRES: the result is passed on as an lvalue that outlives the call of `connect` (in 1.2.0
/// a copy points into the properties of what it was copied from).
[[nodiscard]] mqtt::connect_options connect_options(const MqttOptions& options, const std::string& password, bool tls);

/// QoS 1.
[[nodiscard]] mqtt::message_ptr to_paho(const MqttMessage& message);

/// Fills `into`, whose strings keep their memory from message to message.
void from_paho(const mqtt::message& message, MqttMessage& into);

/// The broker's receive maximum (65535 where it says nothing).
[[nodiscard]] std::size_t receive_maximum(const mqtt::properties& connack);

}  // namespace solar::mqtt_session
