// Samples; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("a full disk of the outboxes loses nothing") { SOLAR_REQUIRE_NO_LOSS("full-disk-outbox"); }
TEST_CASE("a full disk of the inboxes loses nothing") { SOLAR_REQUIRE_NO_LOSS("full-disk-inbox"); }
