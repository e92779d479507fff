// What one village's trouble may cost the others: nothing that they would notice.
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/courier_world.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr Millis kTimeout{15'000};
constexpr Millis kQuick{10};

/// Requests of that village hang until they time out; all others are answered at once.
ScriptedSink::Script hanging(const std::string& village) {
  return [village](const Parcel& parcel) {
    return std::optional{parcel.origin.village == village ? unavailable(Cause::Timeout, kTimeout) : delivered(kQuick)};
  };
}

/// Every second one reading of each of the villages, for ten minutes; the longest that one of them took.
Millis slowest_of(CourierWorld& world, int villages, const std::function<void(int second)>& also) {
  std::map<std::int64_t, Millis> accepted_at;
  Millis slowest{};
  for (int second = 0; second < 600; ++second) {
    also(second);
    for (int village = 0; village < villages; ++village) {
      const auto appended = world.accept_now({plain("village-" + std::to_string(village), second)});
      accepted_at[appended[0].row.seq] = world.now.steady;
    }
    const std::size_t before = world.settled.size();
    const Millis at = world.now.steady;
    world.run_for(kSecond);
    for (std::size_t i = before; i < world.settled.size(); ++i) {
      const auto known = accepted_at.find(world.settled[i].row.seq);
      if (known == accepted_at.end()) continue;
      slowest = std::max(slowest, at - known->second);
      accepted_at.erase(known);
    }
  }
  REQUIRE(accepted_at.empty());
  return slowest;
}

}  // namespace

TEST_CASE("a village whose requests hang delays no other village's readings by as much as a second") {
  CourierWorld world{rounds_policy()};
  world.sink.script = hanging("Bamenda");

  SECTION("a few of them") {
    const auto now_and_then = [&](int second) {
      if (second % 10 == 0) world.accept_now({plain("Bamenda", second)});
    };
    CHECK(slowest_of(world, 1, now_and_then) < kSecond);
  }
  SECTION("a backlog of them, and many other villages") {
    world.accept_now(plains("Bamenda", 0, 1'000));
    CHECK(slowest_of(world, 20, [](int) {}) < kSecond);
  }
}

TEST_CASE("a village has the whole window alone, and half of it where others have sent within a minute") {
  CourierWorld world{rounds_policy()};
  world.accept_now(plains("Bamenda", 0, 5'000));
  world.run_for(kMinute);
  REQUIRE(world.stats().window == 64);
  const bool is_alone = GENERATE(true, false);
  if (!is_alone) world.accept_now({plain("Buea", 0)});
  world.run_for(kSecond);

  world.sink.script = hanging("Bamenda");
  world.accept_now(plains("Bamenda", 5'000, 1'000));
  world.run_for(kSecond);

  CHECK(world.stats().open == (is_alone ? 64 : 32));
}

TEST_CASE("what times out after a later request's 2xx is no sign that central is away") {
  CourierWorld world{rounds_policy()};
  world.accept_now(plains("Buea", 0, 2'000));
  world.run_for(30 * kSecond);
  world.sink.script = hanging("Bamenda");
  world.accept_now(plains("Bamenda", 0, 20));
  world.run_for(kSecond);
  REQUIRE(world.stats().open >= 10);
  world.accept_now({plain("Buea", 1)});

  world.run_for(20 * kSecond);

  CHECK_FALSE(world.stats().away);
}
