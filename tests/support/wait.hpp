// Waiting for a condition with a deadline: the tests' only way to let time pass.
#pragma once

#include <chrono>
#include <thread>

namespace solar::test {

inline constexpr std::chrono::milliseconds kPatience{30'000};  ///< how long a test waits for what must come soon
inline constexpr std::chrono::milliseconds kPollInterval{5};

/// Whether `condition` became true within `patience`; asks every few milliseconds, and once more at the end.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds patience = kPatience,
                              std::chrono::milliseconds interval = kPollInterval) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(interval);
  }
  return true;
}

}  // namespace solar::test
