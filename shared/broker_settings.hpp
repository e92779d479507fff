// The settings that both programs have for their way to the broker.
#pragma once

#include <optional>

#include "shared/mqtt_session.hpp"
#include "shared/settings.hpp"

namespace solar {

/// Adds the broker's settings to the table; `options` is their target and holds the defaults.
void add_broker_settings(Settings& settings, MqttOptions& options);

/// What contradicts itself in them.
[[nodiscard]] std::optional<Problem> broker_settings_problem(const MqttOptions& options);

}  // namespace solar
