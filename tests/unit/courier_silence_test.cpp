// The publisher's side of the courier when receipts do not come: timers, stuck readings, silence.
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/courier_world.hpp"

using namespace solar;
using namespace solar::test;

namespace {

using Receipt = std::optional<Answer>;

Receipt silence(const Parcel&) { return std::nullopt; }

std::vector<std::int64_t> seconds_between(const std::vector<Millis>& times) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 1; i < times.size(); ++i) all.push_back((times[i] - times[i - 1]).count() / 1'000);
  return all;
}

/// One reading that nobody ever confirms, all others at once.
ScriptedSink::Script all_but(std::int64_t seq) {
  return [seq](const Parcel& parcel) { return parcel.row.seq == seq ? Receipt{} : Receipt{delivered()}; };
}

/// A reading every ten seconds, as a gateway has them.
void live_for(CourierWorld& world, Millis duration) {
  for (Millis passed{0}; passed < duration; passed += 10 * kSecond) {
    world.accept_now({plain("Bamenda", 7)});
    world.run_for(10 * kSecond);
  }
}

}  // namespace

TEST_CASE("a reading without a receipt goes again after one minute, doubling to fifteen") {
  CourierWorld world{receipts_policy()};
  world.sink.script = silence;
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;

  world.run_for(kHour + 11 * kMinute);

  CHECK(seconds_between(world.sink.times_of(row)) == std::vector<std::int64_t>{60, 120, 240, 480, 900, 900, 900});
  CHECK(world.stats().in_hand == 1);
}

TEST_CASE("the first receipt after silence brings all timers back to a minute") {
  CourierWorld world{receipts_policy()};
  world.sink.script = silence;
  const auto rows = world.accept_now(plains("Bamenda", 0, 10));
  world.run_for(2 * kHour);

  const std::size_t before = world.sink.sent.size();
  world.sink.answer(rows[0].row, Delivered{});
  world.sink.script = [](const Parcel&) { return Receipt{delivered()}; };
  world.run_for(kMinute - Millis{1});
  CHECK(world.sink.sent.size() == before);
  world.run_for(kSecond);

  CHECK(world.waiting() == 0);
}

TEST_CASE("a reading that times out twice while later ones are confirmed leaves the window and keeps its timer") {
  CourierWorld world{receipts_policy()};
  world.sink.script = all_but(1);
  const RowId stuck = world.accept_now({plain("Bamenda", 1)})[0].row;

  live_for(world, 170 * kSecond);
  CHECK(world.stats().in_hand == 1);
  live_for(world, 30 * kSecond);
  CHECK(world.stats().in_hand == 0);
  CHECK(world.stats().rested == 1);

  live_for(world, 2 * kHour);
  CHECK(seconds_between(world.sink.times_of(stuck)).size() >= 8);
  CHECK(seconds_between(world.sink.times_of(stuck)).back() == 900);
  CHECK(world.waiting() == 1);
}

TEST_CASE("stuck readings never keep the backlog behind them from draining") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 0, 600)};
  world.sink.script = [](const Parcel& parcel) {
    return parcel.row.seq % 9 == 0 || (parcel.row.seq > 100 && parcel.row.seq < 160) ? Receipt{} : Receipt{delivered()};
  };

  world.run_for(4 * kHour);
  CHECK(world.waiting() == 119);
  CHECK(world.stats().in_hand <= 200);

  world.sink.script = [](const Parcel&) { return Receipt{delivered()}; };
  world.drain(20 * kMinute);
}

TEST_CASE("a window full of readings that are never confirmed is not the end, with live readings or without") {
  CourierWorld world{receipts_policy()};
  world.sink.script = [](const Parcel& parcel) { return parcel.row.seq <= 150 ? Receipt{} : Receipt{delivered()}; };
  if (GENERATE(false, true)) {
    for (int minute = 0; minute < 150; ++minute) {
      world.accept_now({plain("Bamenda", minute)});
      world.run_for(kMinute);
    }
  } else {
    world.sink.free_room = 0;
    world.accept_now(plains("Bamenda", 0, 200));
    world.run_for(2 * kMinute);
    world.sink.free_room = 100;
    world.run_for(3 * kHour);
    CHECK(world.settled.size() == 50);
  }

  const auto good = world.accept_now({plain("Bamenda", 999)});
  world.run_for(2 * kMinute);

  CHECK(world.settled.back().row == good[0].row);
  world.run_for(20 * kMinute);
  CHECK(world.stats().in_hand == 0);
  CHECK(world.waiting() == 150);
}

TEST_CASE("in silence the readings in hand stay bounded") {
  CourierPolicy policy = receipts_policy();
  policy.in_hand_max = 300;
  CourierWorld world{policy, in_memory(), plains("Bamenda", 0, 1'000)};
  world.sink.script = silence;

  for (int hour = 0; hour < 12; ++hour) {
    world.accept_now(plains("Bamenda", 0, 30));
    world.run_for(kHour);
  }

  CHECK(world.stats().in_hand <= 300);
  CHECK(world.stats().rested == 0);
}

TEST_CASE("readings that were laid to rest neither spin nor burst a message") {
  CourierWorld world{receipts_policy()};
  world.chance = 0.99;
  world.sink.script = [](const Parcel& parcel) { return parcel.row.seq <= 40 ? Receipt{} : Receipt{delivered()}; };
  std::vector<NewReading> large = plains("Bamenda", 0, 40);
  for (NewReading& reading : large) reading.body.resize(4'000, ' ');
  world.accept_now(large);

  live_for(world, kHour);

  CHECK(world.stats().in_hand == 0);
  CHECK(world.waiting() == 40);
  for (const std::size_t size : world.sink.message_sizes()) CHECK(size <= 4);
  CHECK(world.sink.sent.size() < 40 * 12 + 400);
}

TEST_CASE("late receipts for readings at rest are honoured") {
  CourierWorld world{receipts_policy()};
  world.sink.script = [](const Parcel& parcel) { return parcel.row.seq <= 2 ? Receipt{} : Receipt{delivered()}; };
  const auto rows = world.accept_now(plains("Bamenda", 0, 2));
  live_for(world, 4 * kMinute);
  REQUIRE(world.stats().rested >= 2);

  world.sink.answer(rows[0].row, Delivered{});
  world.sink.answer(rows[1].row, Refused{.why = "wrong"});
  world.run_for(kSecond);

  CHECK(world.waiting() == 0);
  CHECK(world.stats().in_hand == 0);
  CHECK(world.stats().strangers == 0);
  CHECK(world.queue.stats(kWall).refused == 1);
}

TEST_CASE("reconnects while others are confirmed do not make a reading stuck") {
  CourierWorld world{receipts_policy()};
  world.sink.script = all_but(1);
  world.accept_now({plain("Bamenda", 1)});

  for (int i = 0; i < 10; ++i) {
    live_for(world, 20 * kSecond);
    world.courier().pause();
    world.courier().resume(world.now, false);
  }

  CHECK(world.stats().rested == 0);
  CHECK(world.stats().in_hand == 1);
}

TEST_CASE("everything drains over a link that loses most receipts and breaks every few minutes") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 0, 300)};
  std::mt19937 random{7};
  world.sink.script = [&random](const Parcel&) {
    return random() % 10 < 8 ? Receipt{} : Receipt{delivered(2 * kSecond)};
  };

  int minutes = 0;
  for (; world.waiting() > 0 && minutes < 24 * 60; ++minutes) {
    world.run_for(kMinute);
    if (minutes % 7 == 6) {
      world.sink.lose_answers();
      world.courier().pause();
      world.run_for(kMinute);
      world.courier().resume(world.now, minutes % 2 == 0);
    }
  }

  CHECK(world.waiting() == 0);
  CHECK(world.settled.size() == 300);
}

TEST_CASE("a wall clock that jumps by more than a year keeps no reading at rest for longer than fifteen minutes") {
  CourierWorld world{receipts_policy()};
  world.sink.script = all_but(1);
  world.accept_now({plain("Bamenda", 1)});
  live_for(world, 10 * kMinute);
  REQUIRE(world.stats().rested > 0);

  world.now.wall += GENERATE(1, -1) * 400 * 24 * kHour;
  world.sink.script = [](const Parcel&) { return Receipt{delivered()}; };

  CHECK(world.drain(16 * kMinute) <= 15 * kMinute);
}
