// Samples; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("bits that turn over in outboxes cost what they hit, and never without a word") {
  SOLAR_REQUIRE_NO_LOSS("bit-flips-outbox");
}
TEST_CASE("bits that turn over in an inbox cost what they hit, and never without a word") {
  SOLAR_REQUIRE_NO_LOSS("bit-flips-inbox");
}
