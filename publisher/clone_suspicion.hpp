// Telling a cloned card by its connections: not every broker says that a client id was taken over.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/clock.hpp"

namespace solar {

/// Two gateways with one client id end each other's connections for ever. Three connections in a row that end within a
/// minute of their start are suspicious enough to draw a new id: at worst that costs the session's waiting receipts.
/// Mosquitto 2.0.11 sends no 0x8E. Pure.
class CloneSuspicion {
 public:
  static constexpr std::uint32_t kShortOnesInARow = 3;
  static constexpr Millis kShort{60'000};

  void on_connected(Millis steady) { connected_at_ = steady; }

  /// Whether a new client id should be drawn now.
  [[nodiscard]] bool on_disconnected(Millis steady) {
    if (!connected_at_) return false;  // a try that failed says nothing
    const bool was_short = steady - *connected_at_ < kShort;
    connected_at_.reset();
    short_ones_ = was_short ? short_ones_ + 1 : 0;
    if (short_ones_ < kShortOnesInARow) return false;
    short_ones_ = 0;
    return true;
  }

 private:
  std::optional<Millis> connected_at_;
  std::uint32_t short_ones_{};
};

}  // namespace solar
