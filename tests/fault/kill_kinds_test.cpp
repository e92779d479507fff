// A sample of every way to kill; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("kill -9 of a publisher at any moment loses nothing") { SOLAR_REQUIRE_NO_LOSS("kill-publisher"); }
TEST_CASE("kill -9 of a forwarder at any moment loses nothing") { SOLAR_REQUIRE_NO_LOSS("kill-forwarder"); }
TEST_CASE("a broker that restarts in an orderly way loses nothing") { SOLAR_REQUIRE_NO_LOSS("restart-broker"); }
TEST_CASE("kill -9 of the broker at any moment loses nothing") { SOLAR_REQUIRE_NO_LOSS("kill-broker"); }
TEST_CASE("kill -9 of a broker that loses its files loses nothing") { SOLAR_REQUIRE_NO_LOSS("wipe-broker"); }
TEST_CASE("kill -9 of central at any moment loses nothing") { SOLAR_REQUIRE_NO_LOSS("kill-central"); }
TEST_CASE("kill -9 of two at once loses nothing") { SOLAR_REQUIRE_NO_LOSS("kill-pairs"); }
TEST_CASE("the end of a forwarder's disk loses nothing") { SOLAR_REQUIRE_NO_LOSS("lose-inbox"); }
