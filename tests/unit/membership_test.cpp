#include "forwarder/membership.hpp"

#include "forwarder/intake.hpp"
#include "tests/support/catch.hpp"

namespace solar {

using Action = Membership::Action;

namespace {

constexpr Membership::View kAllWell{.connected = true,
                                    .stopping = false,
                                    .used_fraction = 0,
                                    .free_inbox_bytes = 1ULL << 30,
                                    .free_disk_bytes = 1ULL << 30,
                                    .marker_back = false};

Membership::View stopping() {
  Membership::View view = kAllWell;
  view.stopping = true;
  return view;
}

Membership::View filled(double used_fraction) {
  Membership::View view = kAllWell;
  view.used_fraction = used_fraction;
  return view;
}

Membership member() {
  Membership membership;
  REQUIRE(membership.next(kAllWell, Millis{0}) == Action::Connect);
  return membership;
}

}  // namespace

TEST_CASE("a forwarder whose inbox cannot take any message drains before it connects") {
  Membership::View view = kAllWell;
  view.used_fraction = 0.6;
  view.free_inbox_bytes = kMessageInInboxMaxBytes - 1;
  Membership membership;

  CHECK(membership.next(view, Millis{0}) == Action::None);

  view.free_inbox_bytes = kMessageInInboxMaxBytes;
  CHECK(membership.next(view, Millis{1}) == Action::Connect);
}

TEST_CASE("a forwarder with room connects once and stays a member") {
  Membership membership = member();

  CHECK(membership.member());
  CHECK(membership.next(kAllWell, Millis{1}) == Action::None);
}

TEST_CASE("a forwarder that starts with a full inbox or disk drains before it connects") {
  Membership membership;
  Membership::View little_disk = kAllWell;
  little_disk.free_disk_bytes = kFreeDiskToJoin - 1;

  CHECK(membership.next(filled(0.95), Millis{0}) == Action::None);
  CHECK(membership.next(little_disk, Millis{0}) == Action::None);
  CHECK(membership.next(filled(0.94), Millis{0}) == Action::Connect);
}

TEST_CASE("leaving is unsubscribe, then a marker, and only the marker's return ends it") {
  Membership membership = member();

  CHECK(membership.next(stopping(), Millis{0}) == Action::Unsubscribe);
  CHECK(membership.next(stopping(), Millis{1}) == Action::None);
  membership.unsubscribed();
  CHECK(membership.next(stopping(), Millis{2}) == Action::SendMarker);
  CHECK(membership.next(stopping(), Millis{3}) == Action::None);
  CHECK_FALSE(membership.left());

  Membership::View back = stopping();
  back.marker_back = true;
  CHECK(membership.next(back, Millis{4}) == Action::None);
  CHECK(membership.left());
}

TEST_CASE("a marker that does not come back is sent again") {
  Membership membership = member();
  static_cast<void>(membership.next(stopping(), Millis{0}));
  membership.unsubscribed();
  REQUIRE(membership.next(stopping(), Millis{0}) == Action::SendMarker);

  CHECK(membership.next(stopping(), Membership::kMarkerPatience) == Action::None);
  CHECK(membership.next(stopping(), Membership::kMarkerPatience) == Action::SendMarker);
}

TEST_CASE("a connection lost while leaving asks again for what was on its way") {
  Membership membership = member();
  static_cast<void>(membership.next(stopping(), Millis{0}));
  membership.disconnected();
  CHECK(membership.next(stopping(), Millis{1}) == Action::Unsubscribe);

  membership.unsubscribed();
  REQUIRE(membership.next(stopping(), Millis{2}) == Action::SendMarker);
  membership.disconnected();
  CHECK(membership.next(stopping(), Millis{3}) == Action::SendMarker);
}

TEST_CASE("a full inbox leaves the subscription at 95 % and joins again below 85 %") {
  Membership membership = member();
  CHECK(membership.next(filled(0.94), Millis{0}) == Action::None);
  CHECK(membership.next(filled(0.95), Millis{0}) == Action::Unsubscribe);
  membership.unsubscribed();
  static_cast<void>(membership.next(filled(0.95), Millis{0}));
  Membership::View back = filled(0.95);
  back.marker_back = true;
  static_cast<void>(membership.next(back, Millis{0}));
  REQUIRE(membership.left());

  CHECK(membership.next(filled(0.85), Millis{0}) == Action::None);
  CHECK(membership.next(filled(0.84), Millis{0}) == Action::Subscribe);
  CHECK(membership.member());
}

TEST_CASE("a reading that its gateway keeps is passed by from 75 % on, or from a quarter for one village") {
  CHECK(decide_intake(0.74, 0.24, true) == Intake::Store);
  CHECK(decide_intake(0.75, 0.0, true) == Intake::PassBy);
  CHECK(decide_intake(0.10, 0.25, true) == Intake::PassBy);
}

TEST_CASE("a reading that nobody else keeps is always stored") {
  CHECK(decide_intake(0.99, 0.99, false) == Intake::Store);
}

}  // namespace solar
