// A sample of power cuts; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("a power cut of the outboxes' disk loses nothing") { SOLAR_REQUIRE_NO_LOSS("power-cut-outbox"); }
TEST_CASE("a power cut of the inboxes' disk loses nothing") { SOLAR_REQUIRE_NO_LOSS("power-cut-inbox"); }
