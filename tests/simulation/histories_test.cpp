#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/simulation/campaign.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr std::uint64_t kEnoughForEveryFault = 1'000;

std::uint64_t histories_wanted() {
  const char* const wanted = std::getenv("SOLAR_HISTORIES");
  return wanted == nullptr ? kEnoughForEveryFault : std::strtoull(wanted, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever goes wrong, every accepted reading reaches central or is refused with a reason") {
  std::atomic<bool> failed{false};
  const std::uint64_t jobs = std::max(1U, std::thread::hardware_concurrency());

  const Campaign campaign =
      run_campaign(1, histories_wanted(), jobs, Model::Right, [&failed](std::uint64_t, const Campaign& so_far) {
        if (!so_far.failed.empty()) failed = true;
        return !failed;
      });

  if (!campaign.failed.empty()) FAIL(readable(campaign.failed.front(), Model::Right));
  WARN(campaign.histories << " histories with " << campaign.readings << " readings in " << campaign.seconds
                          << " s; longest drain " << campaign.longest_drain.count() / 1'000 << " virtual s");
  if (campaign.histories < kEnoughForEveryFault) return;
  for (std::size_t i = 0; i < kBites; ++i) {
    INFO(to_string(static_cast<Bite>(i)) << " never happened: the histories have lost that fault\n"
                                         << bites_text(campaign.bites));
    CHECK(campaign.bites[i] > 0);
  }
}
