// A link that died without a word: the broker's side takes everything and answers nothing.
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a connection on which no PINGRESP comes is given up for another one") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.keepalive = Millis{1'000};
  WatchedSession session{options};
  auto client = welcomed_client(broker, session);
  REQUIRE(session.next<Connected>());
  const auto silent_since = std::chrono::steady_clock::now();

  const auto lost = session.next<Disconnected>();

  const auto noticed_after = std::chrono::steady_clock::now() - silent_since;
  INFO("noticed after " << std::chrono::duration_cast<std::chrono::milliseconds>(noticed_after).count() << " ms");
  CHECK(lost);
  CHECK(noticed_after < std::chrono::seconds{15});
  auto again = welcomed_client(broker, session, true);
  CHECK(session.next<Connected>());
}

TEST_CASE("a publisher whose link died notices it although it sends, and delivers on the next connection") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url(), [](PublisherConfig& config) {
                           config.broker.keepalive = Millis{1'000};
                           config.receipt_timeout = Millis{300};
                         }};
  publisher.start();
  auto dead = broker.next_client();
  dead.welcome(kPublisherSubscriptions);
  const auto id = publisher.accept(R"({"power_kw":120})");

  auto client = broker.next_client();  // while `dead` stays open

  client.welcome(kPublisherSubscriptions);
  CHECK(client.take_publish("/readings").payload.find(id) != std::string::npos);
}
