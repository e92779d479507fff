// What the world does with messages on their way: writes down where readings are, and plays the broken models.
#pragma once

#include "tests/simulation/node.hpp"

namespace solar::test {

/// A program publishes `message`; a broken model may change it.
void look_at(World& world, Node& node, MqttMessage& message);
/// The broker's PUBACK for `message` is with the program.
void on_puback(World& world, Node& node, const MqttMessage& message);
/// A forwarder's handler has returned, and the PUBACK is to leave.
void on_committed(World& world, const MqttMessage& message);

}  // namespace solar::test
