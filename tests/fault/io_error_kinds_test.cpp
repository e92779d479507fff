// Samples; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("errors of the outboxes' disk lose nothing") { SOLAR_REQUIRE_NO_LOSS("io-errors-outbox"); }
TEST_CASE("errors of the inboxes' disk lose nothing") { SOLAR_REQUIRE_NO_LOSS("io-errors-inbox"); }
