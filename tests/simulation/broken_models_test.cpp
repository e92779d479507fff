// The proof that the simulation is not void.
#include <string>

#include "tests/simulation/campaign.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr std::uint64_t kSeeds = 200;

/// How many histories it takes to see what is wrong.
void is_caught(Model model) {
  const Campaign campaign =
      run_campaign(1, kSeeds, 1, model, [](const Campaign& so_far) { return so_far.failed.empty(); });

  INFO(to_string(model) << ", " << campaign.histories << " histories");
  REQUIRE_FALSE(campaign.failed.empty());
  const HistoryResult caught = run_history(plan_of(campaign.failed.front()), model, Journal::Text::None);
  WARN(to_string(model) << ": caught after " << campaign.histories << " histories: " << *caught.violation);
}

}  // namespace

TEST_CASE("a publisher that deletes on PUBACK is caught") { is_caught(Model::DeletesOnPuback); }

TEST_CASE("programs that forget on a crash are caught") { is_caught(Model::ForgetsOnCrash); }

TEST_CASE("a new id for a reading that is sent again is caught") { is_caught(Model::NewIdAtResend); }

TEST_CASE("a receipt before central has the reading is caught") { is_caught(Model::ReceiptsBeforeCentral); }

TEST_CASE("a PUBACK before the commit is caught") { is_caught(Model::AcksBeforeCommit); }

TEST_CASE("ids that start again in an emptied outbox are caught") { is_caught(Model::SequenceStartsAgain); }
