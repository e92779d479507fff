// When to try to connect again: pure functions of time and chance.
#pragma once

#include <cstdint>

#include "shared/clock.hpp"

namespace solar::mqtt_session {

/// The waits between tries to connect. After a connection that had settled, the first try waits a random part of
/// `spread`, so that a broker that comes back is not met by everybody at once; a try that failed, or a connection that
/// did not last, is followed by `min`, doubling to `max`. `chance` is at least 0 and below 1.
class Backoff {
 public:
  struct Limits {
    Millis min{1'000};
    Millis max{60'000};
    Millis spread{60'000};
  };

  /// A connection that lasted so long was none that ends right after every connect.
  static constexpr Millis kSettled{10'000};

  explicit Backoff(Limits limits) : limits_{limits} {}

  [[nodiscard]] Millis after_failure(double chance);
  [[nodiscard]] Millis after_loss(Millis lasted, double chance);

 private:
  Limits limits_;
  std::uint32_t failures_{};  ///< in a row
};

}  // namespace solar::mqtt_session
