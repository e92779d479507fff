// The road when nothing fails.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/raw_mqtt.hpp"

namespace solar::test {

TEST_CASE("every line arrives at central once and leaves the outbox") {
  Road road;
  road.start();

  road.publisher.feed_numbers(0, 500);

  REQUIRE(road.publisher.accepts(500));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(road.central.readings() == 500);
}

TEST_CASE("a line is completed and its own bytes stay as they were") {
  Road road;
  road.start();

  road.publisher.feed(R"({"power_kw":1.50,  "inverter_c" : 41, "note":"\u00e9t\u00e9 été"})");

  REQUIRE(road.central.gets(1));
  const std::string body = road.central.stored().at(0).body;
  CHECK(body.find(R"("power_kw":1.50,  "inverter_c" : 41, "note":"\u00e9t\u00e9 été"})") != std::string::npos);
  CHECK(json_field(body, "village") == "Bamenda");
  CHECK(json_field(body, "device") == "main");
  CHECK(json_field(body, "id") == road.publisher.accepted().at(0));
  CHECK_FALSE(json_field(body, "measured_at").empty());
}

TEST_CASE("a file is sent to its end, also a last line without newline, and run exits 0") {
  Road road;
  road.forwarder.start();
  write_file(road.path("readings"),
             "{\"power_kw\":1,\"n\":1}\r\n{\"power_kw\":2,\"n\":2}\r\n\r\n{\"power_kw\":3,\"n\":3}");
  road.publisher.options().standard_input = road.path("readings");
  road.publisher.options().follow = false;

  road.publisher.start();

  CHECK(road.publisher.process().wait() == Exit{0, false});
  std::vector<std::string> numbers = road.central.values("n");
  std::sort(numbers.begin(), numbers.end());
  CHECK(numbers == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("a village's name may hold what topics are made of") {
  Road road;
  road.publisher.options().village = "Ba/menda+#%$";
  road.start();

  road.publisher.feed_numbers(0, 3);

  CHECK(road.central.gets(3));
  CHECK(road.outbox_drains());
  CHECK(road.central.values("village").at(0) == "Ba/menda+#%$");
}

TEST_CASE("a plain device's readings arrive, one by one and as an array") {
  Road road;
  road.forwarder.start();
  mqtt::Peer device = mqtt::connect(road.broker.port(), {.client_id = "esp32"});

  mqtt::publish(device, {.topic = "solar/Buea/esp32/readings", .payload = R"({"village":"Buea","power_kw":1})"});
  mqtt::publish(device, {.topic = "solar/Buea/esp32/readings", .payload = R"([{"power_kw":2},{"power_kw":3}])"});

  REQUIRE(road.central.gets(3));
  CHECK(road.central.stored("Buea").size() == 3);
}

TEST_CASE("a backlog goes in batches and arrives whole") {
  Road road;
  road.broker.stop();
  road.publisher.start();
  road.publisher.feed_numbers(0, 3'000);
  REQUIRE(road.publisher.accepts(3'000));

  road.broker.start();
  road.forwarder.start();

  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(road.central.readings() == 3'000);
}

}  // namespace solar::test
