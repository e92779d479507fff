// Where readings come from: gateways' sources and devices that speak MQTT themselves.
#pragma once

#include <string>

#include "tests/simulation/world.hpp"

namespace solar::test {

/// Plans every reading of the history's first phase.
void plan_readings(World& world);
/// A few more from every gateway, after the healing.
void plan_live_readings(World& world);

/// What tells a reading from all others: `"n":<number>`, and its padding.
[[nodiscard]] std::string fields_of(const World& world, std::int64_t number);

}  // namespace solar::test
