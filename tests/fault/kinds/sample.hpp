// One small round of a kind of fault as a test, the same at every run.
#pragma once

#include <string>
#include <string_view>

#include "tests/fault/kinds/kind.hpp"

namespace solar::test {

struct Sampled {
  Tally tally;
  std::string obstacle;  ///< why it was not played; told on standard error, too
};

/// REQUIRES: there is such a kind.
[[nodiscard]] Sampled sample(std::string_view kind);

}  // namespace solar::test

// REQUIREs that a sample of the kind loses nothing and finds nothing else; where it cannot be played here nothing is
// required.
#define SOLAR_REQUIRE_NO_LOSS(kind)                                                         \
  do {                                                                                      \
    const auto sampled = solar::test::sample(kind);                                         \
    if (!sampled.obstacle.empty()) break;                                                   \
    for (const std::string& complaint : sampled.tally.complaints) UNSCOPED_INFO(complaint); \
    REQUIRE(sampled.tally.complaints.empty());                                              \
    REQUIRE(sampled.tally.lost == 0);                                                       \
    REQUIRE(sampled.tally.accepted > 0);                                                    \
    REQUIRE(sampled.tally.faults > 0);                                                      \
  } while (false)
