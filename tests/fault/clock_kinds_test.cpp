// Samples; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("clocks that jump lose nothing, and nothing rests until then") { SOLAR_REQUIRE_NO_LOSS("clock-jumps"); }
TEST_CASE("a start in 1970 loses nothing") { SOLAR_REQUIRE_NO_LOSS("clock-1970"); }
