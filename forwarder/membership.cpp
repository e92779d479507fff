#include "forwarder/membership.hpp"

#include "forwarder/intake.hpp"

namespace solar {

Membership::Action Membership::next(const View& view, Millis steady) {
  const bool room_to_stay = view.used_fraction < kFullEnoughToLeave && view.free_disk_bytes >= kFreeDiskToJoin / 2;
  const bool room_to_join = view.used_fraction < kEmptyEnoughToJoin && view.free_disk_bytes >= kFreeDiskToJoin;
  switch (state_) {
    case State::Outside:
      // Even without SUBSCRIBE a kept session brings what was dealt to it: so no connection before there is room.
      if (view.stopping || !room_to_stay || view.free_disk_bytes < kFreeDiskToJoin) return Action::None;
      // Nor before there is room for any message: one that does not fit would end this process, and the next.
      if (view.free_inbox_bytes < kMessageInInboxMaxBytes) return Action::None;
      state_ = State::Member;
      return Action::Connect;
    case State::Member:
      if (!view.stopping && room_to_stay) return Action::None;
      [[fallthrough]];
    case State::MustLeave:
      state_ = State::MustLeave;
      if (!view.connected) return Action::None;
      state_ = State::Leaving;
      return Action::Unsubscribe;
    case State::Leaving:
      return Action::None;
    case State::Unsubscribed:
      if (!view.connected) return Action::None;
      state_ = State::MarkerOut;
      marker_at_ = steady;
      return Action::SendMarker;
    case State::MarkerOut:
      if (view.marker_back) {
        state_ = State::Left;
      } else if (steady - marker_at_ >= kMarkerPatience) {
        state_ = State::Unsubscribed;
      }
      return Action::None;
    case State::Left:
      if (view.stopping || !room_to_join) return Action::None;
      state_ = State::Member;
      return Action::Subscribe;
  }
  return Action::None;
}

void Membership::unsubscribed() {
  if (state_ == State::Leaving) state_ = State::Unsubscribed;
}

void Membership::disconnected() {
  if (state_ == State::Leaving) state_ = State::MustLeave;
  if (state_ == State::MarkerOut) state_ = State::Unsubscribed;
}

}  // namespace solar
