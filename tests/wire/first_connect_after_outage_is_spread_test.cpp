// A broker that comes back is not met by the whole fleet at once.
#include <set>

#include "shared/mqtt_session_backoff.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

namespace {

/// How long a session waits before its first try after a connection that had lasted, in a time that is made up.
Millis wait_after_loss(ScriptedBroker& broker, Millis spread) {
  auto options = session_options(broker);
  options.reconnect_spread = spread;
  std::atomic<bool> woken{};
  MqttSession session{options, [](const MqttMessage&) {}, [&] { woken = true; }};
  Millis now{1'000'000};
  static_cast<void>(session.tick({now, now}));
  auto client = broker.next_client();
  client.send(mqtt::encode_connack(false));
  const auto turn_until_connected = [&](bool wanted) {
    return eventually([&] {
      const auto suback = client.next(mqtt::Type::Subscribe, std::chrono::milliseconds{1});
      if (suback) client.send(mqtt::encode_suback(mqtt::packet_id(*suback)));
      static_cast<void>(session.tick({now, now}));
      return session.connected() == wanted;
    });
  };
  REQUIRE(turn_until_connected(true));
  static_cast<void>(session.tick({now, now}));
  now += 2 * mqtt_session::Backoff::kSettled;
  static_cast<void>(session.tick({now, now}));

  client.close();
  REQUIRE(turn_until_connected(false));
  return session.tick({now, now}) - now;
}

}  // namespace

TEST_CASE("the first try after a lost connection waits a random part of the spread") {
  ScriptedBroker broker;
  const Millis spread{3'600'000};
  std::set<Millis> waits;

  for (int gateway = 0; gateway < 12; ++gateway) waits.insert(wait_after_loss(broker, spread));

  CHECK(waits.size() > 1);
  CHECK(*waits.begin() >= Millis{0});
  CHECK(*waits.rbegin() < spread);
  CHECK(*waits.rbegin() > spread / 4);  // one in 16 million runs has none that long
}
