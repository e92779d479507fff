// A PUBACK that says no costs nothing: the reading stays, and goes again.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a reading whose PUBACK says no stays in the outbox and is sent again on the same connection") {
  const auto reason = GENERATE(std::uint8_t{0x87}, std::uint8_t{0x97}, std::uint8_t{0x99}, std::uint8_t{0x10});
  ScriptedBroker broker;
  PublisherRig publisher{broker.url(), [](PublisherConfig& config) { config.receipt_timeout = Millis{200}; }};
  const auto id = publisher.accept(R"({"power_kw":120})");
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);
  const auto refused = client.next_publish("/readings");
  REQUIRE(refused);

  client.send(mqtt::encode_puback(refused->packet_id, reason));

  const auto again = client.take_publish("/readings");
  CHECK(again.payload == refused->payload);
  CHECK_FALSE(again.duplicate);  // for the broker it is a message of its own
  CHECK(publisher.waiting() == 1);
  client.deliver("solar/Bamenda/main/receipts", receipt_for({id}), 1);
  CHECK(client.acked(1));
  CHECK(eventually([&] { return publisher.waiting() == 0; }));
}

TEST_CASE("a PUBACK that says yes is no receipt") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.accept(R"({"power_kw":120})");
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);

  client.take_publish("/readings");

  CHECK_FALSE(eventually([&] { return publisher.waiting() == 0; }, kWatch));
}
