// The forwarder's side of the courier: rounds of attempts, rests, refusals.
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/courier_world.hpp"

using namespace solar;
using namespace solar::test;

namespace {

/// Fails for ever for one village, delivers for all others.
ScriptedSink::Script failing_for(const std::string& village, Answer answer) {
  return [village, answer](const Parcel& parcel) {
    return std::optional{parcel.origin.village == village ? answer : delivered()};
  };
}

ScriptedSink::Script always(Answer answer) {
  return [answer](const Parcel&) { return std::optional{answer}; };
}

std::vector<Millis> gaps(const std::vector<Millis>& times) {
  std::vector<Millis> all;
  for (std::size_t i = 1; i < times.size(); ++i) all.push_back(times[i] - times[i - 1]);
  return all;
}

bool has_settled(const CourierWorld& world, const RowId& row) {
  return std::any_of(world.settled.begin(), world.settled.end(), [&](const Settled& one) { return one.row == row; });
}

}  // namespace

TEST_CASE("an idle courier asks for nothing within a minute") {
  CourierWorld world{rounds_policy()};
  CourierStats idle;
  idle.window = 4;

  CHECK(world.tick() == world.now.steady + kMinute);
  CHECK(world.stats() == idle);
}

TEST_CASE("readings are delivered in order, settled, and gone from the disk a moment later") {
  const Room room;
  {
    CourierWorld world{rounds_policy(), room.options(1)};
    world.accept_now({with_id("Bamenda", "x", 1), plain("Bamenda", 2), plain("Bamenda", 3)});

    world.run_for(kSecond);

    CHECK(world.sink.sent.size() == 3);
    REQUIRE(world.settled.size() == 3);
    CHECK(world.settled[0].row == RowId{1, 1});
    CHECK(world.settled[0].id == "x");
    CHECK(world.settled[0].origin == Origin{"Bamenda", "main"});
    CHECK(world.settled[0].accepted_at == kWall);
    CHECK(world.settled[0].refused == std::nullopt);
    CHECK(world.settled[2].row == RowId{1, 3});
    world.accept_now({plain("Bamenda", 4)});
    world.sink.script = [](const Parcel&) { return std::optional<Answer>{}; };
  }
  Queue queue{room.options(2)};
  CHECK(all_fresh(queue) == numbered(4, 1));
}

TEST_CASE("a round is five attempts ten seconds apart, then the reading rests, longer each time") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::ServerError, Millis{0}));
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;

  world.run_for(2 * kHour);

  const auto waits = gaps(world.sink.times_of(row));
  const std::vector<Millis> attempts(4, Millis{10'000});
  std::vector<Millis> expected;
  for (const std::int64_t rest_s : {60, 120, 240, 480, 900, 900}) {
    expected.insert(expected.end(), attempts.begin(), attempts.end());
    expected.emplace_back(rest_s * 1'000);
  }
  REQUIRE(waits.size() >= expected.size());
  CHECK(std::vector(waits.begin(), waits.begin() + static_cast<std::ptrdiff_t>(expected.size())) == expected);
  CHECK(world.waiting() == 1);
}

TEST_CASE("a reading that fails for hours is delivered when it can be") {
  CourierWorld world{rounds_policy()};
  world.chance = 0.5;
  world.sink.script = always(unavailable(Cause::ServerError));
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;
  world.run_for(5 * kHour);

  world.sink.script = always(delivered());

  CHECK(world.drain(16 * kMinute) > Millis{0});
  CHECK(has_settled(world, row));
}

TEST_CASE("poison readings rest and come back while the others pass by") {
  CourierWorld world{rounds_policy()};
  world.sink.script = [](const Parcel& parcel) {
    return std::optional{parcel.row.seq % 10 == 0 ? unavailable(Cause::ServerError) : delivered()};
  };
  world.accept_now(plains("Bamenda", 0, 200));

  world.run_for(30 * kSecond);
  CHECK(world.settled.size() == 180);
  world.run_for(10 * kMinute);
  CHECK(world.waiting() == 20);
  CHECK(world.stats().rested > 20);
  CHECK(world.stats().in_hand <= 20);

  world.sink.script = always(delivered());
  world.drain(16 * kMinute);
}

TEST_CASE("a village full of failing readings never blocks another") {
  const Millis slow = GENERATE(Millis{50}, Millis{14'000});
  CourierWorld world{rounds_policy()};
  world.sink.script = failing_for("Wum", unavailable(Cause::ServerError, slow));
  world.accept_now(plains("Wum", 0, 800));
  world.run_for(kMinute);

  const RowId live = world.accept_now({plain("Bamenda", 1)})[0].row;
  world.run_for(kMinute);

  CHECK(has_settled(world, live));
  CHECK(world.waiting() == 800);
}

TEST_CASE("two villages full of failing readings leave room in hand for a third") {
  CourierPolicy policy = rounds_policy();
  policy.in_hand_max = 32;
  std::get<CourierPolicy::Rounds>(policy.side).retry.interval = GENERATE(10 * kSecond, 10 * kMinute);
  CourierWorld world{policy};
  world.sink.script = [](const Parcel& parcel) {
    return std::optional{parcel.origin.village == "Bamenda" ? delivered()
                                                            : unavailable(Cause::ServerError, Millis{10})};
  };
  world.accept_now(plains("Wum", 0, 200));
  world.accept_now(plains("Kumbo", 0, 200));
  world.run_for(10 * kMinute);

  const auto good = world.accept_now(plains("Bamenda", 0, 20));
  world.run_for(kMinute);

  CHECK(std::all_of(good.begin(), good.end(), [&](const Appended& one) { return has_settled(world, one.row); }));
}

TEST_CASE("a hand that is full of waiting readings does not make the courier spin") {
  CourierPolicy policy = rounds_policy();
  policy.in_hand_max = 4;
  policy.side = CourierPolicy::Rounds{.retry = {.attempts = 3, .interval = Millis{600'000}}};
  CourierWorld world{policy};
  world.sink.script = always(unavailable(Cause::ServerError));
  for (int village = 0; village < 8; ++village) world.accept_now(plains("v" + std::to_string(village), 0, 4));

  world.run_for(24 * kHour);

  CHECK(world.waiting() == 32);
}

TEST_CASE("twenty readings are refused in a row, then they are kept until one is taken") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(refused());
  world.accept_now(plains("Bamenda", 0, 100));

  world.run_for(kHour);
  CHECK(world.stats().refused == 20);
  CHECK(world.waiting() == 80);
  CHECK(world.stats().away);

  world.sink.script = failing_for("Bamenda", refused());
  world.accept_now({plain("Wum", 0)});
  world.run_for(2 * kMinute);
  CHECK(world.stats().delivered == 1);
  CHECK(world.stats().refused == 40);

  world.sink.script = always(delivered());
  world.drain(kHour);
  CHECK(world.queue.stats(kWall).refused == 40);
}

TEST_CASE("a refused reading with a sender's id goes back to its sender, one without is kept here") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(refused());
  world.accept_now({with_id("Bamenda", "x", 1), plain("Bamenda", 2)});

  world.run_for(kSecond);

  REQUIRE(world.settled.size() == 2);
  CHECK(world.settled[0].refused == "wrong");
  CHECK(world.settled[0].id == "x");
  CHECK(world.settled[1].refused == "wrong");
  CHECK(world.waiting() == 0);
  const auto kept = world.queue.aside(AsideKind::Refused, 0, 9);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].body == body(2));
}

TEST_CASE("a crash forgets what was in hand and the queue hands it out again") {
  CourierWorld world{rounds_policy()};
  world.sink.script = [](const Parcel&) { return std::optional<Answer>{}; };
  world.accept_now(plains("Bamenda", 0, 4));
  world.run_for(kSecond);
  REQUIRE(world.stats().open == 4);

  world.sink.script = always(delivered());
  world.accept_now({plain("Wum", 9)});  // a real restart opens the queue again: all villages are news
  world.accept_now({plain("Bamenda", 9)});
  world.start();
  world.drain(kSecond);

  CHECK(world.settled.size() == 6);
}

TEST_CASE("answers for readings that are not in hand are counted and change nothing") {
  CourierWorld world{rounds_policy()};
  world.sink.free_room = 0;
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;

  world.sink.answer(row, Delivered{});
  world.sink.answer({row.token, 77}, Refused{.why = "?"});
  world.sink.answer({1, row.seq}, Delivered{});
  world.tick();

  CHECK(world.stats().strangers == 3);
  CHECK(world.waiting() == 1);
}

TEST_CASE("a reading that is gone from the queue between two attempts is let go") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::ServerError));
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;
  world.run_for(kSecond);

  world.queue.remove({{row}});
  world.run_for(kMinute);

  CHECK(world.sink.sent.size() == 1);
  CHECK(world.stats().in_hand == 0);
}

TEST_CASE("due times survive a wall clock that jumps both ways by more than a year") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::ServerError));
  world.accept_now(plains("Bamenda", 0, 50));
  world.run_for(20 * kMinute);
  REQUIRE(world.stats().rested > 50);

  world.now.wall += GENERATE(1, -1) * 400 * 24 * kHour;
  world.sink.script = always(delivered());

  CHECK(world.drain(16 * kMinute) <= 15 * kMinute);
}
