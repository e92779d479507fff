#include "shared/heartbeat.hpp"

#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("who has never turned is not alive") {
  const Heartbeat heart;

  CHECK_FALSE(heart.last());
  CHECK_FALSE(heart.alive(Millis{0}));
}

TEST_CASE("a heart that beat less than 30 s ago is alive") {
  Heartbeat heart;

  heart.beat(Millis{1'000});

  CHECK(heart.last() == Millis{1'000});
  CHECK(heart.alive(Millis{30'999}));
  CHECK_FALSE(heart.alive(Millis{31'000}));
}

}  // namespace solar
