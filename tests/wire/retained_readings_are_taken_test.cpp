// A device that retains its readings, against the rules, is a device that sends readings.
#include "tests/support/catch.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a retained reading is stored and delivered, and one with an id only once over reconnects") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  const mqtt::Publish retained{.topic = "solar/Bamenda/main/readings",
                               .payload = R"({"power_kw":1,"id":"m-1"})",
                               .packet_id = 1,
                               .retain = true};

  for (int connection = 0; connection < 3; ++connection) {
    auto client = broker.next_client();
    client.welcome(kForwarderSubscriptions);
    client.send(mqtt::encode(retained));
    CHECK(client.acked(1));
  }

  CHECK(forwarder.waiting() == 1);
}

TEST_CASE("an empty retained message, as it clears a topic, becomes a dead letter and nothing more") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.send(mqtt::encode(mqtt::Publish{.topic = "solar/Bamenda/main/readings", .packet_id = 1, .retain = true}));

  CHECK(client.acked(1));
  CHECK(forwarder.waiting() == 0);
  CHECK(forwarder.relay().intake_stats().unreadable == 1);
}
