// A DISCONNECT from the broker, with its reason: told, and followed by another connection.
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a DISCONNECT's reason is told in words, and the session comes back") {
  struct Case {
    std::uint8_t reason;
    std::string why;
  };
  const std::vector<Case> cases{
      {0x95, "the packet is larger than the broker takes (0x95)"},       {0x97, "over a quota of the broker (0x97)"},
      {0x93, "more messages in flight than the receive maximum (0x93)"}, {0x8B, "the broker is shutting down (0x8B)"},
      {0x98, "ended by an administrator of the broker (0x98)"},          {0xEE, "reason code (0xEE)"}};
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};

  for (const auto& [reason, why] : cases) {
    auto client = welcomed_client(broker, session);
    REQUIRE(session.next<Connected>());
    client.send(mqtt::encode_disconnect(reason));
    const auto lost = session.next<Disconnected>();
    REQUIRE(lost);
    CHECK(lost->why == "connection to " + broker.url() + " lost: " + why);
  }
  CHECK(session.count<TakenOver>() == 0);
}

TEST_CASE("a reading that the broker answered with DISCONNECT goes again, and is delivered") {
  const auto reason = GENERATE(std::uint8_t{0x95}, std::uint8_t{0x97}, std::uint8_t{0x93});
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  const auto id = publisher.accept(R"({"power_kw":120})");
  publisher.start();
  std::string payload;
  {
    auto client = broker.next_client();
    client.welcome(kPublisherSubscriptions);
    const auto reading = client.next_publish("/readings");
    REQUIRE(reading);
    payload = reading->payload;
    client.send(mqtt::encode_disconnect(reason));
  }

  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);

  CHECK(client.take_publish("/readings").payload == payload);
  client.deliver("solar/Bamenda/main/receipts", receipt_for({id}), 1);
  CHECK(eventually([&] { return publisher.waiting() == 0; }));
}
