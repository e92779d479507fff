// A sample of every way to break a link; `./dev prove` plays them for as long as one likes.
#include "tests/fault/kinds/sample.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("a village's link that is cut for long loses nothing") { SOLAR_REQUIRE_NO_LOSS("cut"); }
TEST_CASE("a village's link that is cut for a moment loses nothing") { SOLAR_REQUIRE_NO_LOSS("short-cut"); }
TEST_CASE("a village that is not heard loses nothing") { SOLAR_REQUIRE_NO_LOSS("one-way-out"); }
TEST_CASE("a village that hears nothing loses nothing") { SOLAR_REQUIRE_NO_LOSS("one-way-in"); }
TEST_CASE("connections that are reset lose nothing") { SOLAR_REQUIRE_NO_LOSS("reset"); }
TEST_CASE("a link that loses one packet in five loses no reading") { SOLAR_REQUIRE_NO_LOSS("loss"); }
TEST_CASE("a backlog over a slow link loses nothing and is sent once") { SOLAR_REQUIRE_NO_LOSS("slow"); }
TEST_CASE("a forwarder cut off from the broker loses nothing") { SOLAR_REQUIRE_NO_LOSS("cut-forwarder"); }
TEST_CASE("a forwarder cut off from central loses nothing") { SOLAR_REQUIRE_NO_LOSS("cut-central"); }
