// After UNSUBACK a broker still sends what it has dealt to a member: a forwarder stays until its own marker is back.
#include "tests/support/catch.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

namespace {

const std::string kTopic = "solar/Bamenda/main/readings";

void drain_for_a_minute(ForwarderConfig& config) {
  config.drain_timeout = config.drain_plain_timeout = std::chrono::minutes{1};
}

}  // namespace

TEST_CASE("a forwarder that leaves unsubscribes, sends a marker, takes all until it is back, and then goes") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url(), drain_for_a_minute};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  REQUIRE(forwarder.joins());

  forwarder.ask_to_stop();
  const auto unsubscribe = client.next(Type::Unsubscribe);
  REQUIRE(unsubscribe);
  CHECK(mqtt::decode_subscribe(*unsubscribe).filter == "$share/solar-forwarders/solar/+/+/readings");
  client.send(mqtt::encode_unsuback(mqtt::packet_id(*unsubscribe)));
  client.deliver(kTopic, R"({"power_kw":1})", 1);
  CHECK(client.acked(1));

  const auto marker = client.next_publish("/marker");
  REQUIRE(marker);
  CHECK(marker->topic == "solar-sync/forwarder-0/marker");
  CHECK_FALSE(marker->retain);
  client.send(mqtt::encode_puback(marker->packet_id));
  CHECK_FALSE(client.next(Type::Disconnect, kWatch));
  client.deliver(kTopic, R"({"power_kw":2})", 2);
  client.deliver(marker->topic, marker->payload, 3);

  // Acknowledged in any order, for the marker may be seen first by the thread that ends the connection.
  CHECK(client.next(Type::Disconnect));
  forwarder.wait_for_end();
  CHECK(forwarder.waiting() == 0);
  CHECK(central.requests().size() == 2);
}

TEST_CASE("a forwarder without room leaves by the same rule and keeps its connection for receipts") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(503); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url(), [](ForwarderConfig& config) { config.inbox_max = 1U << 20U; }};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  std::optional<mqtt::Packet> unsubscribe;
  for (std::uint16_t n = 1; !unsubscribe && n < 300; ++n) {
    client.deliver(kTopic, R"({"power_kw":1,"x":")" + std::string(7'900, 'x') + "\"}", n);
    const auto ack_or_leave = client.next(
        [&](const mqtt::Packet& packet) { return packet.type == Type::Puback || packet.type == Type::Unsubscribe; });
    REQUIRE(ack_or_leave);
    if (ack_or_leave->type == Type::Unsubscribe) unsubscribe = ack_or_leave;
    if (!unsubscribe && forwarder.inbox().used_fraction() >= 0.95) unsubscribe = client.next(Type::Unsubscribe);
  }

  REQUIRE(unsubscribe);
  client.send(mqtt::encode_unsuback(mqtt::packet_id(*unsubscribe)));
  const auto marker = client.next_publish("/marker");
  REQUIRE(marker);
  client.send(mqtt::encode_puback(marker->packet_id));
  client.deliver(marker->topic, marker->payload, 1);
  CHECK(client.acked(1));
  CHECK_FALSE(client.closes(kWatch));
}
