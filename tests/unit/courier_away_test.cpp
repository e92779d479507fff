// What the courier does while the other side is away, asks for patience, or the disk has no room.
#include "tests/support/catch.hpp"
#include "tests/support/courier_world.hpp"

using namespace solar;
using namespace solar::test;

namespace {

ScriptedSink::Script always(Answer answer) {
  return [answer](const Parcel&) { return std::optional{answer}; };
}

/// When something was sent, but for the first `skip`.
std::vector<Millis> send_times(const CourierWorld& world, std::size_t skip) {
  std::vector<Millis> times;
  for (std::size_t i = skip; i < world.sink.sent.size(); ++i) times.push_back(world.sink.sent[i].at);
  return times;
}

CourierPolicy with_attempts(std::uint32_t attempts) {
  CourierPolicy policy = rounds_policy();
  std::get<CourierPolicy::Rounds>(policy.side).retry.attempts = attempts;
  return policy;
}

/// Fills the file of an in-memory queue to its limit, with dead letters.
void leave_no_room(Queue& queue) {
  for (std::size_t bytes = 1 << 20; bytes > 0; bytes /= 4) {
    try {
      while (true) bury(queue, std::string(bytes, 'x'), "");
    } catch (const SqliteError&) {
    }
  }
}

}  // namespace

TEST_CASE("while central is away there is one knock per interval") {
  CourierWorld world{rounds_policy()};
  const Cause cause =
      GENERATE(Cause::NoConnection, Cause::Timeout, Cause::Overload, Cause::Gateway, Cause::Misconfigured);
  world.sink.script = always(unavailable(cause));
  world.accept_now(plains("Bamenda", 0, 100));
  world.run_for(kMinute);
  REQUIRE(world.stats().away);

  const std::size_t before = world.sink.sent.size();
  world.run_for(kHour);

  const auto knocks = send_times(world, before);
  CHECK(knocks.size() >= 350);
  CHECK(knocks.size() <= 360);
  for (std::size_t i = 1; i < knocks.size(); ++i) CHECK(knocks[i] - knocks[i - 1] >= Millis{10'000});
  CHECK(world.waiting() == 100);
}

TEST_CASE("five hundreds are not away") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::ServerError));
  world.accept_now(plains("Bamenda", 0, 100));

  world.run_for(3 * kMinute);

  CHECK_FALSE(world.stats().away);
}

TEST_CASE("after an absence everything drains at once") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now(plains("Bamenda", 0, 200));
  world.accept_now(plains("Wum", 0, 200));
  world.run_for(6 * kHour);
  REQUIRE(world.waiting() == 400);

  world.sink.script = always(delivered());

  CHECK(world.drain(kHour) <= 30 * kSecond);
  CHECK_FALSE(world.stats().away);
  CHECK(world.stats().in_hand == 0);
}

TEST_CASE("the first delivery ends every wait for a next attempt") {
  CourierPolicy policy = rounds_policy();
  std::get<CourierPolicy::Rounds>(policy.side).retry.interval = 15 * kMinute;
  CourierWorld world{policy};
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now(plains("Bamenda", 0, 5));
  world.run_for(kMinute);
  REQUIRE(world.stats().away);

  world.sink.script = always(delivered());

  CHECK(world.drain(kHour) <= 11 * kSecond);
}

TEST_CASE("the first delivery makes due what rested because of the absence") {
  CourierWorld world{with_attempts(1)};
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now(plains("Bamenda", 0, 8));
  world.run_for(30 * kSecond);
  REQUIRE(world.stats().away);
  REQUIRE(world.stats().rested >= 4);

  world.sink.script = always(delivered());

  CHECK(world.drain(kHour) <= 15 * kSecond);
}

TEST_CASE("what rested for its own fault long ago rests on when an absence ends") {
  CourierWorld world{with_attempts(1)};
  world.sink.script = [](const Parcel& parcel) {
    return std::optional{parcel.row.seq == 1 ? unavailable(Cause::Gateway) : delivered()};
  };
  const RowId poison = world.accept_now(plains("Bamenda", 0, 2))[0].row;
  world.run_for(Millis{60'500});  // two rounds: it rests two minutes now
  REQUIRE(world.sink.times_of(poison).size() == 2);

  world.accept_now(plains("Bamenda", 9, 20));
  world.run_for(Millis{500});
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now(plains("Bamenda", 50, 20));
  world.run_for(20 * kSecond);
  REQUIRE(world.stats().away);
  world.sink.script = always(delivered());
  world.run_for(30 * kSecond);

  CHECK_FALSE(world.stats().away);
  CHECK(world.sink.times_of(poison).size() == 2);
}

TEST_CASE("a knock after a timeout is with another reading, after a refused connection with one that was tried") {
  CourierWorld world{rounds_policy()};
  const Cause cause = GENERATE(Cause::Timeout, Cause::NoConnection);
  world.sink.script = always(unavailable(cause));
  world.accept_now(plains("Bamenda", 0, 100));
  world.run_for(kMinute);
  REQUIRE(world.stats().away);

  const std::size_t before = world.sink.sent.size();
  world.run_for(10 * kMinute);

  std::set<std::int64_t> knocked;
  for (std::size_t i = before; i < world.sink.sent.size(); ++i) knocked.insert(world.sink.sent[i].parcel.row.seq);
  const std::size_t knocks = world.sink.sent.size() - before;
  REQUIRE(knocks > 50);
  CHECK(knocked.size() >= (cause == Cause::Timeout ? knocks : 1));
  CHECK(knocked.size() <= (cause == Cause::Timeout ? knocks : 10));
}

TEST_CASE("one reading that times out for ever does not keep central away from the others") {
  CourierWorld world{rounds_policy()};
  world.sink.script = [](const Parcel& parcel) {
    return std::optional{parcel.row.seq <= 5 ? unavailable(Cause::Timeout, 15 * kSecond) : delivered()};
  };
  world.accept_now(plains("Bamenda", 0, 50));

  world.run_for(5 * kMinute);

  CHECK(world.settled.size() == 45);
}

TEST_CASE("attempts that are knocks do not use up a round") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now({plain("Bamenda", 0)});

  world.run_for(kHour);

  CHECK(world.stats().away);
  CHECK(world.stats().rested == 0);
}

TEST_CASE("Retry-After holds everything, clamped to fifteen minutes") {
  CourierWorld world{rounds_policy()};
  world.sink.script = [](const Parcel& parcel) {
    return std::optional{parcel.row.seq == 1 ? unavailable(Cause::Overload, Millis{0}, Millis{999'999'999})
                                             : delivered()};
  };
  world.accept_now(plains("Bamenda", 0, 10));
  world.accept_now(plains("Wum", 0, 10));
  world.tick();
  const std::size_t before = world.sink.sent.size();

  world.run_for(15 * kMinute - Millis{1});
  CHECK(world.sink.sent.size() == before);
  world.run_for(Millis{500});
  CHECK(world.sink.sent.size() > before);
}

TEST_CASE("a Retry-After of nothing or of the past still pauses for a second") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::ServerError, Millis{0}, GENERATE(Millis{0}, Millis{-5'000})));
  world.accept_now(plains("Bamenda", 0, 10));
  world.tick();
  const std::size_t before = world.sink.sent.size();

  world.run_for(Millis{999});
  CHECK(world.sink.sent.size() == before);
  world.run_for(Millis{1});
  CHECK(world.sink.sent.size() > before);
}

TEST_CASE("refusals while away do not end the absence, and an empty queue does not make the courier spin") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now(plains("Bamenda", 0, 5));
  world.run_for(kMinute);
  REQUIRE(world.stats().away);

  world.sink.script = always(refused());
  world.run_for(10 * kMinute);
  CHECK(world.stats().away);
  CHECK(world.waiting() == 0);

  world.sink.script = always(delivered());
  world.accept_now({plain("Bamenda", 9)});
  world.run_for(10 * kSecond);
  CHECK(world.waiting() == 0);
  CHECK_FALSE(world.stats().away);
}

TEST_CASE("without room in the sink nothing is sent and nothing spins") {
  CourierWorld world{rounds_policy()};
  world.sink.script = always(unavailable(Cause::NoConnection));
  world.accept_now(plains("Bamenda", 0, 50));
  if (GENERATE(false, true)) world.run_for(kMinute);
  const std::size_t before = world.sink.sent.size();

  world.sink.free_room = 0;
  world.run_for(kHour);
  CHECK(world.sink.sent.size() == before);

  world.sink.free_room = 10;
  world.sink.script = always(delivered());
  world.drain(kHour);
}

TEST_CASE("a refusal that finds no room on the disk waits for room and loses nothing") {
  QueueOptions options = in_memory();
  options.max_bytes = 64 << 10;
  options.unreadable_max_bytes = 1ULL << 30;
  NewReading big = plain("Bamenda", 1);
  big.body += std::string(6'000, ' ');
  CourierWorld world{rounds_policy(), options, {big}};
  leave_no_room(world.queue);
  world.sink.script = always(refused());

  world.run_for(kMinute);
  CHECK(world.waiting() == 1);
  CHECK(world.settled.empty());
  CHECK(world.sink.sent.size() >= 2);

  REQUIRE(world.queue.drop_aside(AsideKind::Unreadable, 1));
  world.run_for(kMinute);
  CHECK(world.waiting() == 0);
  CHECK(world.queue.stats(kWall).refused == 1);
}
