#include "shared/mqtt_session_backoff.hpp"

#include <algorithm>

namespace solar::mqtt_session {
namespace {

Millis part_of(Millis whole, double chance) {
  return Millis{static_cast<Millis::rep>(static_cast<double>(whole.count()) * chance)};
}

}  // namespace

Millis Backoff::after_failure(double chance) {
  auto wait = std::min(limits_.min, limits_.max);
  for (std::uint32_t i = 0; i < failures_ && wait < limits_.max; ++i) wait = std::min(wait * 2, limits_.max);
  ++failures_;
  return wait - part_of(wait / 4, chance);
}

Millis Backoff::after_loss(Millis lasted, double chance) {
  const auto spread = part_of(limits_.spread, chance);
  if (lasted < kSettled) return std::max(spread, after_failure(chance));
  failures_ = 0;
  return spread;
}

}  // namespace solar::mqtt_session
