// Where nobody answers, the log must say where that is.
#include <thread>

#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a refused connection names who refused") {
  const auto port = std::to_string(free_port());
  HttpSink sink{sink_options("http://127.0.0.1:" + port + "/api/solar"), kClock};

  CHECK(deliver(sink) ==
        Outcome{Unavailable{Cause::NoConnection, "connection refused by 127.0.0.1:" + port, std::nullopt}});
}

TEST_CASE("a host name that does not resolve is named") {
  HttpSink sink{sink_options("http://central-server.invalid:8000/api/solar"), kClock};

  CHECK(deliver(sink) ==
        Outcome{Unavailable{Cause::NoConnection, "host name central-server.invalid does not resolve", std::nullopt}});
}

TEST_CASE("a poll that waits ends at once when it is woken from another thread") {
  HttpSink sink{sink_options("http://127.0.0.1:9/"), kClock};
  const auto start = std::chrono::steady_clock::now();
  std::thread other{[&] { sink.wake(); }};

  CHECK(sink.poll(kPatience).empty());

  other.join();
  CHECK(std::chrono::steady_clock::now() - start < kPatience / 2);
}

TEST_CASE("an address that is none is told when the sink is made") {
  for (const auto* const url : {"", "central:8000", "ftp://central/", "http://"}) {
    INFO(url);
    CHECK_THROWS_AS((HttpSink{sink_options(url), kClock}), std::invalid_argument);
  }
}
