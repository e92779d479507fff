// The proof that the simulation is not void.
#include <string>

#include "tests/simulation/campaign.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr std::uint64_t kSeeds = 200;

/// How many histories it takes to see what is wrong, and that it is this.
void is_caught(Model model, const std::string& violation) {
  const Campaign campaign =
      run_campaign(1, kSeeds, 1, model, [](std::uint64_t, const Campaign& so_far) { return so_far.failed.empty(); });

  INFO(to_string(model) << ", " << campaign.histories << " histories");
  REQUIRE_FALSE(campaign.failed.empty());
  const HistoryResult caught = run_history(plan_of(campaign.failed.front()), model, Journal::Text::None);
  REQUIRE(caught.violation.value_or("").find(violation) != std::string::npos);
  WARN(to_string(model) << ": caught after " << campaign.histories << " histories: " << *caught.violation);
}

}  // namespace

TEST_CASE("a publisher that deletes on PUBACK is caught") { is_caught(Model::DeletesOnPuback, "missing at central"); }

TEST_CASE("programs that forget on a crash are caught") { is_caught(Model::ForgetsOnCrash, "missing at central"); }

TEST_CASE("a new id for a reading that is sent again is caught") {
  is_caught(Model::NewIdAtResend, "another body at central");
}

TEST_CASE("a receipt before central has the reading is caught") {
  is_caught(Model::ReceiptsBeforeCentral, "missing at central");
}

TEST_CASE("a PUBACK before the commit is caught") { is_caught(Model::AcksBeforeCommit, "missing at central"); }

TEST_CASE("ids that start again in an emptied outbox, token and sequence, are caught") {
  is_caught(Model::IdsStartAgain, "was given twice");
}
