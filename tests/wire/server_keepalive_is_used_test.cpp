// The broker may ask for a shorter keepalive than ours; it will end a connection that is silent for longer.
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

TEST_CASE("the keepalive that the broker asks for is kept, not ours") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.keepalive = Millis{3'600'000};
  WatchedSession session{options};
  auto first = next_client(broker, session);
  CHECK(first.connect().keepalive_seconds == 3'600);

  first.send(mqtt::encode_connack(false, 0, server_keepalive_property(1)));

  // Paho keeps to what its CONNECT said: so there is another one. The will of the first must not be published.
  const auto goodbye = read(session, first, Type::Disconnect);
  REQUIRE(goodbye);
  CHECK(mqtt::reason(*goodbye) == 0);
  auto second = welcomed_client(broker, session, true, server_keepalive_property(1));
  CHECK(second.connect().keepalive_seconds == 1);
  REQUIRE(session.next<Connected>());
  CHECK(session.count<Disconnected>() == 0);  // `check` and the log would call that a failure
  CHECK(read(session, second, Type::Pingreq));
}

TEST_CASE("a broker that would also take a longer silence changes nothing") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.keepalive = Millis{1'000};
  WatchedSession session{options};

  auto client = welcomed_client(broker, session, false, server_keepalive_property(600));

  REQUIRE(session.next<Connected>());
  CHECK(read(session, client, Type::Pingreq));
}
