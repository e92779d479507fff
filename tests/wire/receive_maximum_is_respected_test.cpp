// Never more PUBLISH without a PUBACK than the broker's receive maximum: it would answer with DISCONNECT 0x93.
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

namespace {

std::vector<mqtt::Publish> publishes_within(BrokerEnd& client, std::size_t limit) {
  std::vector<mqtt::Publish> all;
  while (all.size() <= limit) {
    const auto packet = client.next(Type::Publish, all.size() < limit ? kPatience : kWatch);
    if (!packet) break;
    all.push_back(mqtt::decode_publish(*packet));
  }
  return all;
}

}  // namespace

TEST_CASE("there is room for as many publishes as the broker takes, and again after its PUBACKs") {
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};
  auto client = welcomed_client(broker, session, false, receive_maximum_property(3));
  REQUIRE(session.until_connected());

  for (std::size_t room = 3; room > 0; --room) {
    CHECK(session->room() == room);
    CHECK(session->publish(text_message("t", "x")));
  }
  CHECK(session->room() == 0);
  CHECK_FALSE(session->publish(text_message("t", "x")));

  const auto wakes = session.wakes();
  const auto publish = read(session, client, Type::Publish);
  REQUIRE(publish);
  client.send(mqtt::encode_puback(mqtt::decode_publish(*publish).packet_id));
  CHECK(session.until([&] { return session->room() == 1; }));
  CHECK(eventually([&] { return session.wakes() > wakes; }));
}

TEST_CASE("a publisher has no more in flight than the broker takes, presence and status included") {
  const std::size_t maximum = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{5});
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions, false, receive_maximum_property(static_cast<std::uint16_t>(maximum)));
  publisher.accept_numbers(0, 12);

  std::size_t readings{};
  while (readings < 12) {
    const auto in_flight = publishes_within(client, maximum);
    REQUIRE_FALSE(in_flight.empty());
    REQUIRE(in_flight.size() <= maximum);
    for (const auto& publish : in_flight) {
      if (publish.topic.ends_with("/readings")) ++readings;
      client.send(mqtt::encode_puback(publish.packet_id));
    }
    if (readings + maximum > 12) break;  // a last round that is not full would only wait
  }
}

TEST_CASE("also the goodbye waits for its turn") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions, false, receive_maximum_property(1));
  const auto online = client.next(Type::Publish);
  REQUIRE(online);

  publisher.ask_to_stop();

  CHECK_FALSE(client.next(Type::Publish, kWatch));
  client.send(mqtt::encode_puback(mqtt::decode_publish(*online).packet_id));
  const auto offline = client.next_publish("/presence");
  REQUIRE(offline);
  CHECK(offline->payload == "offline");
  client.send(mqtt::encode_puback(offline->packet_id));
  CHECK(client.next(Type::Disconnect));
}
