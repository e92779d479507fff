// A sample of a rolling restart; `./dev prove` plays it for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("a rolling restart loses no reading of a plain device, also while central is away") {
  SOLAR_REQUIRE_NO_LOSS("rolling-restart");
}
