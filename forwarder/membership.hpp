// When to be a member of the shared subscription, and how to leave it without losing what is on its way. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/clock.hpp"

namespace solar {

/// UNSUBACK does not mean that nothing more comes: messages that the broker has dealt to us still do. So leaving is
/// UNSUBSCRIBE, then a marker published to a topic of one's own, and taking everything until the marker is back.
class Membership {
 public:
  static constexpr Millis kMarkerPatience{10'000};  ///< then the marker is sent again

  enum class Action {
    None,
    Connect,    ///< for the first time
    Subscribe,  ///< to the readings
    Unsubscribe,
    SendMarker,
  };

  /// What is so at this moment.
  struct View {
    bool connected{};
    bool stopping{};
    double used_fraction{};
    std::uint64_t free_inbox_bytes{};
    std::uint64_t free_disk_bytes{};
    bool marker_back{};  ///< since the last SendMarker
  };

  [[nodiscard]] Action next(const View& view, Millis steady);
  /// The broker has answered the UNSUBSCRIBE.
  void unsubscribed();
  /// A connection ended: whatever was on its way on it must be asked for again.
  void disconnected();

  [[nodiscard]] bool member() const { return state_ == State::Member; }
  /// Nothing more comes.
  [[nodiscard]] bool left() const { return state_ == State::Outside || state_ == State::Left; }

 private:
  enum class State {
    Outside,  ///< never connected
    Member,
    MustLeave,     ///< UNSUBSCRIBE to be sent
    Leaving,       ///< UNSUBSCRIBE sent
    Unsubscribed,  ///< marker to be sent
    MarkerOut,
    Left,
  };

  State state_{State::Outside};
  Millis marker_at_{};
};

}  // namespace solar
