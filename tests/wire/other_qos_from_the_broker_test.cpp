// QoS 0 and QoS 2 never come where QoS 1 was asked for; should they come, they are taken.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

namespace {

const std::string kTopic = "solar/Bamenda/main/readings";

std::string packet_id_of(const mqtt::Packet& packet) { return packet.body.substr(0, 2); }

}  // namespace

TEST_CASE("a message with QoS 0 is taken, and not acknowledged") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.send(mqtt::encode(mqtt::Publish{.topic = kTopic, .payload = R"({"power_kw":1})", .qos = 0}));
  client.deliver(kTopic, R"({"power_kw":2})", 1);

  const auto first = client.next(Type::Puback);
  REQUIRE(first);
  CHECK(mqtt::packet_id(*first) == 1);
  CHECK(forwarder.waiting() == 2);
}

TEST_CASE("a message with QoS 2 is taken once, by its own handshake") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  mqtt::Publish message{.topic = kTopic, .payload = R"({"power_kw":1})", .qos = 2, .packet_id = 5};

  client.send(mqtt::encode(message));
  const auto received = client.next(Type::Pubrec);
  message.duplicate = true;
  client.send(mqtt::encode(message));
  REQUIRE(client.next(Type::Pubrec));
  REQUIRE(received);
  client.send(mqtt::encode(Type::Pubrel, 2, packet_id_of(*received)));

  CHECK(client.next(Type::Pubcomp));
  CHECK(eventually([&] { return forwarder.waiting() == 1; }));
  client.deliver(kTopic, R"({"power_kw":2})", 6);
  CHECK(client.acked(6));
  CHECK(forwarder.waiting() == 2);
}
