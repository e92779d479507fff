// Two gateways with one client id, as after a card was cloned: the broker says 0x8E to the older connection.
#include "tests/support/fixtures.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("being taken over is told, and a new client id connects at once") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.reconnect_spread = options.reconnect_min = options.reconnect_max = Millis{600'000};
  WatchedSession session{options};
  auto client = welcomed_client(broker, session);
  REQUIRE(session.next<Connected>());

  client.send(mqtt::encode_disconnect(0x8E));

  CHECK(session.next<TakenOver>());
  CHECK(session.next<Disconnected>());
  session->change_client_id("another");
  auto again = welcomed_client(broker, session);
  CHECK(session.next<Connected>());
  CHECK(again.connect().client_id == "another");
}

TEST_CASE("a publisher that is taken over warns of a cloned card, and keeps its new id over a restart") {
  ScriptedBroker broker;
  const TemporaryDirectory folder;
  Publisher publisher{folder.path(), {broker.url()}};
  publisher.start();
  auto first = broker.next_client();
  first.welcome(kPublisherSubscriptions);
  REQUIRE(publisher.process().wait_for_line("connected"));

  first.send(mqtt::encode_disconnect(0x8E));

  auto second = broker.next_client();
  second.welcome(kPublisherSubscriptions);
  CHECK(publisher.process().wait_for_line("was this card cloned? a new id is drawn"));
  CHECK(first.connect().client_id.starts_with("Bamenda-main-"));
  CHECK(second.connect().client_id.starts_with("Bamenda-main-"));
  CHECK(second.connect().client_id != first.connect().client_id);
  publisher.kill();
  publisher.start();
  CHECK(broker.next_client().connect().client_id == second.connect().client_id);
}

TEST_CASE("a forwarder that is taken over comes back under its own id: its session is there") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto first = broker.next_client();
  first.welcome(kForwarderSubscriptions);

  first.send(mqtt::encode_disconnect(0x8E));

  auto second = broker.next_client();
  CHECK(second.welcome(kForwarderSubscriptions, true).size() == kForwarderSubscriptions);
  CHECK(second.connect().client_id == "forwarder-0");
}
