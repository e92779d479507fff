#include <cstdlib>
#include <string>

#include "tests/simulation/campaign.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

namespace {

std::uint64_t histories_wanted() {
  const char* const wanted = std::getenv("SOLAR_HISTORIES");
  return wanted == nullptr ? 1'000 : std::strtoull(wanted, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever goes wrong, every accepted reading reaches central or is refused with a reason") {
  const Campaign campaign = run_campaign(1, histories_wanted(), 1, Model::Right,
                                         [](const Campaign& so_far) { return so_far.failed.empty(); });

  if (!campaign.failed.empty()) FAIL(readable(campaign.failed.front(), Model::Right));
  WARN(campaign.histories << " histories, " << campaign.readings << " readings in " << campaign.seconds
                          << " s; longest drain " << campaign.longest_drain.count() / 1'000 << " virtual s");
}
