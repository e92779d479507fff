// A sample of every way to stop without dying; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("a publisher that stops for a while loses nothing") { SOLAR_REQUIRE_NO_LOSS("stop-publisher"); }
TEST_CASE("a forwarder that stops for a while loses nothing") { SOLAR_REQUIRE_NO_LOSS("stop-forwarder"); }
TEST_CASE("a broker that stops for a while loses nothing") { SOLAR_REQUIRE_NO_LOSS("stop-broker"); }
TEST_CASE("a central that stops for a while loses nothing") { SOLAR_REQUIRE_NO_LOSS("stop-central"); }
