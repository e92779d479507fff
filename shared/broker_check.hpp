// `check`: one try at the broker, told to a person.
#pragma once

#include "shared/mqtt_session.hpp"

namespace solar {

/// Connects and subscribes to the filters with `options`, prints one line about it on standard output, and tells the
/// exit status.
[[nodiscard]] int check_broker(const MqttOptions& options);

}  // namespace solar
