#include "tests/central/faults.hpp"

#include <nlohmann/json.hpp>

namespace solar::central {

bool Faults::set(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  try {
    Fault fault;
    fault.status = json.value("status", 0);
    fault.count = json.value("count", -1);
    fault.delay = std::chrono::milliseconds{json.value("delay_ms", 0)};
    fault.retry_after = json.value("retry_after", std::string{});
    fault.store_before = json.value("store_before", false);
    fault.village = json.value("village", std::string{});
    const std::lock_guard lock{mutex_};
    fault_ = fault;
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::optional<Fault> Faults::next(std::string_view village) {
  const std::lock_guard lock{mutex_};
  if (fault_.count == 0 || (!fault_.village.empty() && fault_.village != village)) return std::nullopt;
  if (fault_.count > 0) --fault_.count;
  return fault_;
}

}  // namespace solar::central
