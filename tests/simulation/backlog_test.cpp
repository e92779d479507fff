#include <cstdint>
#include <string>

#include "tests/simulation/history.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr std::size_t kBacklog = 10'000;
constexpr std::uint64_t kSeeds = 3;
constexpr Millis kLiveWithin{60'000};
constexpr Millis kConnectedWithin{90'000};  ///< a random wait of up to 60 s, and a connect that times out

void live_readings_pass_the_backlog(Outage outage, Millis since_accepted) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Plan plan = backlog_plan(seed, kBacklog, outage);

    const HistoryResult result = run_history(plan, Model::Right, Journal::Text::None);

    INFO("seed " << seed << ": " << result.violation.value_or(""));
    REQUIRE_FALSE(result.violation);
    CHECK(result.waiting_at_healing >= kBacklog);
    CHECK(result.live == plan.gateways.size() * plan.live.size());
    CHECK(result.slowest_live <= kLiveWithin);
    CHECK(result.slowest_since_accepted <= since_accepted);
    WARN(result.waiting_at_healing << " readings drained in " << result.drained_in.count() / 1'000
                                   << " virtual s; slowest live reading " << result.slowest_live.count()
                                   << " virtual ms, " << result.slowest_since_accepted.count()
                                   << " since its acceptance");
  }
}

}  // namespace

TEST_CASE("live readings are at central within a minute after central is back, although 10,000 wait") {
  live_readings_pass_the_backlog(Outage::Central, kLiveWithin);
}

TEST_CASE("live readings are at central within a minute after the forwarders are back, although 10,000 wait") {
  live_readings_pass_the_backlog(Outage::Forwarders, kLiveWithin);
}

TEST_CASE("live readings are at central within a minute after a gateway is connected again, although 10,000 wait") {
  live_readings_pass_the_backlog(Outage::Link, kConnectedWithin + kLiveWithin);
}

TEST_CASE("an outbox that fills up while central is away stays within its limit on the disk") {
  Plan plan = backlog_plan(1, 1'000, Outage::Central);
  plan.gateways.front().outbox_max = 256 * 1024;
  plan.padding = 2'000;

  const HistoryResult result = run_history(plan, Model::Right, Journal::Text::None);

  INFO(result.violation.value_or(""));
  CHECK_FALSE(result.violation);
  CHECK(result.bites[static_cast<std::size_t>(Bite::OutboxFull)] > 0);
}
