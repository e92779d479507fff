// How a publisher ends, and what on its socket does not end it.
#include "shared/control_socket.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace solar::test {

TEST_CASE("SIGTERM ends a publisher cleanly: it says goodbye and nothing is lost") {
  Road road;
  road.start();
  road.publisher.feed_numbers(0, 10);
  REQUIRE(road.publisher.accepts(10));

  CHECK(road.publisher.stop() == Exit{0, false});

  CHECK(road.publisher.process().wait_for_line("stopped"));
  road.publisher.start();
  CHECK(road.central.gets(10));
  CHECK(road.outbox_drains());
}

TEST_CASE("rubbish on the control socket gets an error line and ends nobody") {
  Road road;
  road.start();
  REQUIRE(road.publisher.process().wait_for_line("connected"));

  for (const char* request :
       {"", "rubbish", "[]", R"({"command":1})", R"({"command":"aside","action":"list","number":"x"})",
        R"({"command":"send","reading":7,"wait_ms":"x"})"}) {
    auto client = ControlClient::connect(road.publisher.outbox().string() + ".sock");
    REQUIRE(client);
    REQUIRE(client->write_line(request));
    const auto answer = client->read_line(Millis{10'000});
    INFO(request);
    REQUIRE(answer);
    CHECK(answer->find("error") != std::string::npos);
  }

  CHECK(road.publisher.process().running());
  road.publisher.feed_numbers(0, 1);
  CHECK(road.central.gets(1));
}

}  // namespace solar::test
