// Time as a value: the only way by which the programs learn what time it is.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace solar {

using Millis = std::chrono::milliseconds;

/// One look at both clocks.
struct Now {
  Millis steady{};  ///< monotonic, since an arbitrary start; for every wait and timeout within a process
  Millis wall{};    ///< UTC since 1970; may jump either way; only for what is stored or shown to people

  bool operator==(const Now&) const = default;
};

/// Where time comes from. Threads: `now` may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Now now() const = 0;
};

/// The machine's clocks (CLOCK_MONOTONIC and CLOCK_REALTIME).
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override;
};

/// `wall` as RFC 3339 in UTC with milliseconds: "2026-01-28T10:15:00.000Z".
[[nodiscard]] std::string rfc3339(Millis wall);

/// Whether `wall` can be the present: gateways have no clock battery and start in 1970 until they hear from a time
/// server. False before 2025-01-01: this program is younger than that.
[[nodiscard]] bool is_plausible(Millis wall);

}  // namespace solar
