// Only the courier sends again: Paho forgets what had no PUBACK.
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

TEST_CASE("publishes without a PUBACK are forgotten with their connection") {
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};
  auto client = welcomed_client(broker, session);
  REQUIRE(session.until_connected());
  REQUIRE(session->publish(text_message("t", "unknown")));
  REQUIRE(read(session, client, Type::Publish));

  client.close();

  auto again = welcomed_client(broker, session, true);
  REQUIRE(session.until_connected());
  CHECK(session->room() == 100);
  REQUIRE(session->publish(text_message("t", "new")));
  const auto first = read(session, again, Type::Publish);
  REQUIRE(first);
  CHECK(mqtt::decode_publish(*first).payload == "new");
}
