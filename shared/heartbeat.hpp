// The courier's sign of life, for whoever asks whether the program hangs.
#pragma once

#include <atomic>
#include <optional>

#include "shared/clock.hpp"

namespace solar {

/// A courier's turn takes a second or two, or five seconds of waiting; a slow card's fsync, or a checkpoint, some more.
/// A program that has not turned for this long hangs.
inline constexpr Millis kHeartbeatMaxAge{30'000};
/// The longest that a turn may wait for something to happen.
inline constexpr Millis kTurnWaitMax{5'000};

/// When the courier last took a turn. Owner: who turns. Threads: any; no lock.
class Heartbeat {
 public:
  void beat(Millis steady) { last_.store(steady.count(), std::memory_order_relaxed); }

  /// Steady time; nullopt: not once yet.
  [[nodiscard]] std::optional<Millis> last() const {
    const Millis::rep last = last_.load(std::memory_order_relaxed);
    return last == kNever ? std::nullopt : std::optional{Millis{last}};
  }

  /// Whether the last beat is younger than kHeartbeatMaxAge.
  [[nodiscard]] bool alive(Millis steady) const {
    const auto beat = last();
    return beat && steady - *beat < kHeartbeatMaxAge;
  }

 private:
  static constexpr Millis::rep kNever = Millis::min().count();
  std::atomic<Millis::rep> last_{kNever};
};

}  // namespace solar
