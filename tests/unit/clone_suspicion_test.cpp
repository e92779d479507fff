#include "publisher/clone_suspicion.hpp"

#include "tests/support/catch.hpp"

namespace solar {

namespace {

bool one_connection(CloneSuspicion& suspicion, Millis from, Millis length) {
  suspicion.on_connected(from);
  return suspicion.on_disconnected(from + length);
}

}  // namespace

TEST_CASE("three connections in a row that end within a minute are a cloned card's") {
  CloneSuspicion suspicion;

  CHECK_FALSE(one_connection(suspicion, Millis{0}, Millis{59'999}));
  CHECK_FALSE(one_connection(suspicion, Millis{100'000}, Millis{5}));
  CHECK(one_connection(suspicion, Millis{200'000}, Millis{5}));
  CHECK_FALSE(one_connection(suspicion, Millis{300'000}, Millis{5}));
}

TEST_CASE("a connection that lasts, or a try that fails, is no sign of a clone") {
  CloneSuspicion suspicion;
  CHECK_FALSE(one_connection(suspicion, Millis{0}, Millis{5}));
  CHECK_FALSE(one_connection(suspicion, Millis{0}, Millis{5}));

  CHECK_FALSE(suspicion.on_disconnected(Millis{10}));
  CHECK_FALSE(one_connection(suspicion, Millis{0}, Millis{60'000}));
  CHECK_FALSE(one_connection(suspicion, Millis{0}, Millis{5}));
}

}  // namespace solar
