// A connection may end after any byte of what the broker says: the next one delivers.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

namespace {

/// Plays `rounds` connections, each of which ends after one byte more of what `last_words` gives.
template <class LastWords>
void close_at_every_byte(ScriptedBroker& broker, LastWords last_words) {
  std::size_t bytes = 0;
  for (std::size_t all = 1; bytes < all; ++bytes) {
    INFO("the broker closes after " << bytes << " bytes");
    auto client = broker.next_client();
    const std::string words = last_words(client);
    all = words.size();
    client.send(std::string_view{words}.substr(0, bytes));
  }
}

std::string suback_to(BrokerEnd& client) {
  client.send(mqtt::encode_connack(false));
  const auto subscribe = client.next(Type::Subscribe);
  REQUIRE(subscribe);
  return mqtt::encode_suback(mqtt::packet_id(*subscribe));
}

std::string connack_to(BrokerEnd&) {
  return mqtt::encode_connack(false, 0, session_expiry_property(300) + receive_maximum_property(10));
}

}  // namespace

TEST_CASE("a publisher delivers in the end, wherever CONNACK, SUBACK or PUBACK broke off") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  const auto id = publisher.accept(R"({"power_kw":120})");
  publisher.start();

  close_at_every_byte(broker, connack_to);
  close_at_every_byte(broker, suback_to);
  close_at_every_byte(broker, [](BrokerEnd& client) {
    client.welcome(kPublisherSubscriptions);
    const auto reading = client.next_publish("/readings");
    REQUIRE(reading);
    return mqtt::encode_puback(reading->packet_id);
  });

  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);
  CHECK(client.take_publish("/readings").payload.find(id) != std::string::npos);
  client.deliver("solar/Bamenda/main/receipts", receipt_for({id}), 1);
  CHECK(client.acked(1));
  CHECK(eventually([&] { return publisher.waiting() == 0; }));
}

TEST_CASE("a forwarder takes readings in the end, wherever CONNACK, SUBACK or a PUBLISH broke off") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  const std::string reading =
      mqtt::encode(mqtt::Publish{.topic = "solar/B/m/readings", .payload = R"({"power_kw":1})"});

  close_at_every_byte(broker, connack_to);
  close_at_every_byte(broker, suback_to);
  close_at_every_byte(broker, [&](BrokerEnd& client) {
    client.welcome(kForwarderSubscriptions);
    return reading;
  });

  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  CHECK(forwarder.waiting() == 0);
  client.send(reading);
  CHECK(client.acked(1));
  CHECK(forwarder.waiting() == 1);
}
