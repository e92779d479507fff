#include "tests/simulation/history.hpp"
#include "tests/support/catch.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("the same seed gives the same history to the last event") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const HistoryResult first = run_history(plan_of(seed), Model::Right, Journal::Text::None);
    const HistoryResult again = run_history(plan_of(seed), Model::Right, Journal::Text::None);

    CAPTURE(seed);
    CHECK(first.hash == again.hash);
    CHECK(first.steps == again.steps);
    CHECK(first.bites == again.bites);
  }
}

TEST_CASE("a history that is written down is the same one") {
  const HistoryResult silent = run_history(plan_of(7), Model::Right, Journal::Text::None);
  const HistoryResult written = run_history(plan_of(7), Model::Right, Journal::Text::Last);

  CHECK(silent.hash == written.hash);
  CHECK(written.lines.size() <= Journal::kLinesKept);
}

TEST_CASE("another seed gives another history") {
  CHECK(run_history(plan_of(1), Model::Right, Journal::Text::None).hash !=
        run_history(plan_of(2), Model::Right, Journal::Text::None).hash);
}
