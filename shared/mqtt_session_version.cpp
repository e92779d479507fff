#include "shared/mqtt_session_version.hpp"

#include <MQTTAsync.h>

#include <array>
#include <charconv>

namespace solar::mqtt_session {

bool acknowledges_after_handler(std::string_view version) {
  std::array<int, 3> numbers{};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (auto& number : numbers) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return false;
    at = next == end ? next : next + 1;
  }
  return numbers >= std::array{1, 3, 10};
}

std::string paho_version() {
  for (const auto* info = MQTTAsync_getVersionInfo(); info != nullptr && info->name != nullptr; ++info) {
    if (std::string_view{info->name} == "Version") return info->value;
  }
  return {};
}

}  // namespace solar::mqtt_session
