// Samples; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("an outbox that goes back in time loses only what its disk lost") {
  SOLAR_REQUIRE_NO_LOSS("roll-back-outbox");
}
