// `presence`: online after every connect, offline as the will and as the last word, all retained.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

TEST_CASE("a publisher's will, birth and last word are retained on its presence topic") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);

  const auto& will = client.connect().will;
  REQUIRE(will);
  CHECK(will->topic == "solar/Bamenda/main/presence");
  CHECK(will->payload == "offline");
  CHECK(will->qos == 1);
  CHECK(will->retain);

  const auto online = client.take_publish("/presence");
  CHECK(online.topic == "solar/Bamenda/main/presence");
  CHECK(online.payload == "online");
  CHECK(online.qos == 1);
  CHECK(online.retain);

  publisher.ask_to_stop();
  const auto offline = client.take_publish("/presence");
  CHECK(offline.payload == "offline");
  CHECK(offline.retain);
  const auto goodbye = client.next(Type::Disconnect);
  REQUIRE(goodbye);
  CHECK(mqtt::reason(*goodbye) == 0);  // with which the broker drops the will
}

TEST_CASE("presence is said again on every connect, readings and status as they should be") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  for (int connection = 0; connection < 3; ++connection) {
    auto client = broker.next_client();
    client.welcome(kPublisherSubscriptions, connection > 0);
    CHECK(client.take_publish("/presence").payload == "online");
  }

  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions, true);
  publisher.accept(R"({"power_kw":1})");
  const auto reading = client.take_publish("/readings");
  CHECK_FALSE(reading.retain);
  CHECK(reading.qos == 1);
}
