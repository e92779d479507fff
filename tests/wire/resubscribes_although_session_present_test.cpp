// Shared subscriptions are forgotten by a broker that restarts, although it says that the session is present.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

std::vector<std::string> filters(const std::vector<mqtt::Subscription>& subscriptions) {
  std::vector<std::string> all;
  for (const auto& subscription : subscriptions) {
    CHECK(subscription.qos == 1);
    all.push_back(subscription.filter);
  }
  return all;
}

}  // namespace

TEST_CASE("a forwarder subscribes on every connect, whatever session_present says") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto first = broker.next_client();
  const auto asked = filters(first.welcome(kForwarderSubscriptions, false));

  first.close();
  auto second = broker.next_client();
  const auto asked_again = filters(second.welcome(kForwarderSubscriptions, true));

  CHECK(asked ==
        std::vector<std::string>{"$share/solar-forwarders/solar/+/+/readings", "solar-sync/forwarder-0/marker"});
  CHECK(asked_again == asked);
  second.deliver("solar/Bamenda/main/readings", R"({"power_kw":1})", 1);
  CHECK(second.acked(1));
}

TEST_CASE("a publisher subscribes to its receipts on every connect, whatever session_present says") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto first = broker.next_client();
  const auto asked = filters(first.welcome(kPublisherSubscriptions, false));

  first.close();
  auto second = broker.next_client();

  CHECK(asked == std::vector<std::string>{"solar/Bamenda/main/receipts"});
  CHECK(filters(second.welcome(kPublisherSubscriptions, true)) == asked);
}
