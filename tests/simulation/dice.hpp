// Randomness of a history: everything from its seed, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/clock.hpp"

namespace solar::test {

/// splitmix64. One thread.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_{seed} {}

  std::uint64_t bits() {
    std::uint64_t value = state_ += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
  }
  /// 0 to n - 1. REQUIRES: n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }
  bool percent(unsigned chance) { return below(100) < chance; }
  Millis between(Millis low, Millis high) {
    return low + Millis{static_cast<Millis::rep>(below(static_cast<std::size_t>((high - low).count()) + 1))};
  }
  /// Short ones as often as long ones: doubled from `low` a random number of times, at most `high`.
  Millis spread(Millis low, Millis high) {
    std::size_t doublings = 0;
    while (low * (1LL << (doublings + 1)) <= high) ++doublings;
    const Millis from = low * (1LL << below(doublings + 1));
    return between(from, from * 2 < high ? from * 2 : high);
  }

 private:
  std::uint64_t state_;
};

}  // namespace solar::test
