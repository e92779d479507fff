#include <optional>
#include <string>

#include "tests/simulation/history.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr std::size_t kBacklog = 10'000;
constexpr Millis kLiveWithin{60'000};

void live_readings_pass_the_backlog(Outage outage) {
  const HistoryResult result = run_history(backlog_plan(1, kBacklog, outage), Model::Right, Journal::Text::None);

  INFO(result.violation.value_or(""));
  REQUIRE_FALSE(result.violation);
  CHECK(result.readings >= kBacklog);
  CHECK(result.slowest_live <= kLiveWithin);
  WARN("10,000 readings drained in " << result.drained_in.count() / 1'000 << " virtual s; slowest live reading "
                                     << result.slowest_live.count() << " virtual ms");
}

}  // namespace

TEST_CASE("live readings are at central within a minute after central is back, although 10,000 wait") {
  live_readings_pass_the_backlog(Outage::Central);
}

TEST_CASE("live readings are at central within a minute after the forwarders are back, although 10,000 wait") {
  live_readings_pass_the_backlog(Outage::Forwarders);
}

TEST_CASE("live readings are at central within a minute after a gateway is connected again, although 10,000 wait") {
  live_readings_pass_the_backlog(Outage::Link);
}
