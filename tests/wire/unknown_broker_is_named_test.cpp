// A broker's name that does not resolve is told as such, and tried again.
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a broker's name that does not resolve is named, each time") {
  const auto url = GENERATE("mqtt://broker.invalid", "ws://broker.invalid/mqtt");
  WatchedSession session{quick_options(url)};

  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto event = session.next<Disconnected>();
    REQUIRE(event);
    CHECK(event->why.find("no connection to " + std::string{url} + ": the host name broker.invalid does not resolve") ==
          0);
  }
}
