// A subscription that is granted QoS 0 would lose messages: it is no better than one that is denied.
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

TEST_CASE("a subscription that is denied, or granted with QoS 0, is told and tried again") {
  const auto reason = GENERATE(std::uint8_t{0x87}, std::uint8_t{0x80}, std::uint8_t{0x9E}, std::uint8_t{0});
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};
  auto client = next_client(broker, session);
  client.send(mqtt::encode_connack(false));

  grant(session, client, reason);

  const auto denied = session.next<Denied>();
  REQUIRE(denied);
  CHECK(denied->what == "subscription to " + kFilter);
  CHECK(session.count<Connected>() == 0);
  auto again = welcomed_client(broker, session, true);
  const auto connected = session.next<Connected>();
  REQUIRE(connected);
  CHECK(connected->session_present);
}

TEST_CASE("the session counts as connected only when every filter is granted") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.filters = {"a", "b"};
  WatchedSession session{options};
  auto client = next_client(broker, session);
  client.send(mqtt::encode_connack(false));
  grant(session, client);
  const auto second = read(session, client, Type::Subscribe);
  REQUIRE(second);

  CHECK_FALSE(session.until([&] { return session->connected() || session->room() > 0; }, kWatch));

  client.send(mqtt::encode_suback(mqtt::packet_id(*second)));
  CHECK(session.until_connected());
}

TEST_CASE("a publisher that is granted QoS 0 on its receipts sends no reading on that connection") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.accept(R"({"power_kw":1})");
  publisher.start();
  auto half = broker.next_client();
  half.send(mqtt::encode_connack(false));
  const auto subscribe = half.next(Type::Subscribe);
  REQUIRE(subscribe);

  half.send(mqtt::encode_suback(mqtt::packet_id(*subscribe), 0));

  CHECK_FALSE(half.next_publish("/readings"));
  CHECK(half.peer().closed());
  auto whole = broker.next_client();
  whole.welcome(kPublisherSubscriptions);
  CHECK(whole.next_publish("/readings"));
}
