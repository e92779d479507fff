// A message whose PUBACK got lost comes again: with its sender's id it is the same reading.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a message that comes again with DUP is acknowledged and stored once") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  mqtt::Publish message{.topic = "solar/Bamenda/main/readings",
                        .payload = R"([{"power_kw":1,"id":"m-1"},{"power_kw":2,"id":"m-2"}])",
                        .packet_id = 7};
  {
    auto first = broker.next_client();
    first.welcome(kForwarderSubscriptions);
    first.send(mqtt::encode(message));
    REQUIRE(first.acked(7));  // and is lost on its way
  }

  auto second = broker.next_client();
  second.welcome(kForwarderSubscriptions, true);
  message.duplicate = true;
  second.send(mqtt::encode(message));
  CHECK(second.acked(7));

  CHECK(forwarder.waiting() == 2);
  CHECK(forwarder.relay().intake_stats().duplicates == 2);
}

TEST_CASE("the same id with another body is another reading") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.deliver("solar/Bamenda/main/readings", R"({"power_kw":1,"id":"m-1"})", 1);
  client.deliver("solar/Bamenda/main/readings", R"({"power_kw":2,"id":"m-1"})", 2);
  client.deliver("solar/Bamenda/roof/readings", R"({"power_kw":1,"id":"m-1"})", 3);

  CHECK(client.acked(3));
  CHECK(forwarder.waiting() == 3);
}
