// What stands in CONNECT.
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("the CONNECT asks for what the options say, and never for a clean start") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.session_expiry = Millis{300'000};
  options.receive_maximum = 77;
  options.maximum_packet_bytes = 0x00ABCDEF;
  options.keepalive = Millis{30'000};
  WatchedSession session{options};

  const auto connect = next_client(broker, session).connect();

  CHECK(connect.version == 5);
  CHECK_FALSE(connect.clean_start);
  CHECK(connect.keepalive_seconds == 30);
  CHECK(connect.session_expiry_seconds == 300);
  CHECK(connect.receive_maximum == 77);
  CHECK(connect.maximum_packet_bytes == 0x00ABCDEF);
  CHECK(connect.client_id == "gateway");
  CHECK_FALSE(connect.will);
}

TEST_CASE("a forwarder keeps its session and leaves no will") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/",
                         [](ForwarderConfig& config) { config.broker.session_expiry = std::chrono::minutes{5}; }};
  forwarder.start();

  auto client = broker.next_client();
  const auto subscriptions = client.welcome(kForwarderSubscriptions);

  CHECK_FALSE(client.connect().clean_start);
  CHECK(client.connect().session_expiry_seconds == 300);
  CHECK_FALSE(client.connect().will);
  CHECK(subscriptions[0].filter == "$share/solar-forwarders/solar/+/+/readings");
  CHECK(subscriptions[0].qos == 1);
  CHECK(subscriptions[1].filter == "solar-sync/forwarder-0/marker");
  CHECK(subscriptions[1].qos == 1);
}
