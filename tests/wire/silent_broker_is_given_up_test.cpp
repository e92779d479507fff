// A broker that accepts connections and says nothing.
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

namespace {

MqttOptions impatient(const ScriptedBroker& broker) {
  auto options = session_options(broker);
  options.connect_timeout = Millis{1'000};
  return options;
}

}  // namespace

TEST_CASE("a broker that accepts and never answers is given up and tried again") {
  ScriptedBroker broker;
  WatchedSession session{impatient(broker)};
  auto silent = next_client(broker, session);

  CHECK(session.next<Disconnected>());

  auto client = welcomed_client(broker, session);
  CHECK(session.next<Connected>());
}

TEST_CASE("a broker that takes the login and never answers the subscription is given up and tried again") {
  ScriptedBroker broker;
  WatchedSession session{impatient(broker)};
  auto half = next_client(broker, session);
  half.send(mqtt::encode_connack(false));

  const auto given_up = session.next<Disconnected>();

  REQUIRE(given_up);
  CHECK(given_up->why == "no answer from the broker at " + broker.url());
  auto client = welcomed_client(broker, session);
  CHECK(session.next<Connected>());
}
