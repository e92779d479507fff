// Several forwarders share the load, and one of them ends: well, or not.
#include <csignal>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/load.hpp"

namespace solar::test {
namespace {

Forwarder second_forwarder(const Road& road) {
  return {road.path("forwarder-1"), {road.broker.url(), road.central.url(), "forwarder-1"}};
}

Load plain_readings(const Road& road, std::uint64_t count) {
  Load load;
  load.port = road.broker.port();
  load.readings = count;
  return load;
}

}  // namespace

TEST_CASE("two forwarders share the readings, and the share of one that is killed arrives") {
  Road road;
  Forwarder second = second_forwarder(road);
  second.options().extra = {"--session-expiry", "3s"};  // until then the broker deals it readings as well
  second.start();
  road.start();
  road.publisher.feed_numbers(0, 400);
  REQUIRE(road.central.gets(50));

  second.kill();
  road.publisher.feed_numbers(400, 400);

  REQUIRE(road.publisher.accepts(800));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

TEST_CASE("both of two forwarders get work") {
  Road road;
  Forwarder second = second_forwarder(road);
  second.start();
  road.forwarder.start();

  REQUIRE(publish(plain_readings(road, 1'000)).acknowledged == 1'000);

  REQUIRE(road.central.gets(1'000));
  CHECK(std::stoi("0" + road.forwarder.status("accepted")) > 100);
  CHECK(std::stoi("0" + second.status("accepted")) > 100);
}

TEST_CASE("a forwarder that is told to leave takes what the broker had already given it") {
  Road road;
  Forwarder second = second_forwarder(road);
  road.forwarder.start();
  second.start();
  second.process().signal(SIGSTOP);
  REQUIRE(publish(plain_readings(road, 1'000)).acknowledged == 1'000);

  second.process().signal(SIGTERM);
  second.process().signal(SIGCONT);

  CHECK(second.process().wait() == Exit{0, false});
  CHECK(road.central.gets(1'000));
}

TEST_CASE("a forwarder that is told to leave waits for central with plain readings") {
  Road road;
  road.central.answer_always(503);
  road.forwarder.options().extra = {"--drain-timeout", "0s"};
  road.forwarder.start();
  REQUIRE(publish(plain_readings(road, 20)).acknowledged == 20);
  REQUIRE(eventually([&] { return road.forwarder.status("waiting") == "20"; }));

  road.forwarder.process().signal(SIGTERM);
  REQUIRE(road.forwarder.process().wait_for_line("nobody sends again"));
  CHECK(road.forwarder.process().running());
  road.central.heal();

  CHECK(road.forwarder.process().wait() == Exit{0, false});
  CHECK(road.central.readings() == 20);
}

}  // namespace solar::test
