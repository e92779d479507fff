// No receipt: the reading goes again, and whoever has it already can tell.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

void be_impatient(PublisherConfig& config) { config.receipt_timeout = Millis{150}; }

}  // namespace

TEST_CASE("a reading without a receipt is sent again with the same id and the same bytes, until the receipt comes") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url(), be_impatient};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);
  const auto id = publisher.accept(R"({"power_kw":1.50, "x" : "\u00e9"})");

  const auto first = client.take_publish("/readings");
  CHECK(first.payload.find("\"id\":\"" + id + "\"") != std::string::npos);
  for (int resend = 0; resend < 3; ++resend) {
    const auto again = client.take_publish("/readings");
    CHECK(again.payload == first.payload);
    CHECK(again.topic == first.topic);
  }

  client.deliver("solar/Bamenda/main/receipts", receipt_for({id}), 1);
  CHECK(client.acked(1));
  CHECK(eventually([&] { return publisher.waiting() == 0; }));
  while (client.next_publish("/readings", std::chrono::milliseconds{1})) {  // what was on its way
  }
  CHECK_FALSE(client.next_publish("/readings", 3 * kWatch));
}

TEST_CASE("a broker that forgot the session gets everything unconfirmed again at once, with the same bytes") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  std::vector<std::string> payloads;
  {
    auto first = broker.next_client();
    first.welcome(kPublisherSubscriptions);
    publisher.accept_numbers(0, 3);
    for (int n = 0; n < 3; ++n) payloads.push_back(first.take_publish("/readings").payload);
  }

  auto second = broker.next_client();
  second.welcome(kPublisherSubscriptions, false);

  std::string again;
  for (std::size_t found = 0; found < 3;) {
    again += plain_payload(second.take_publish("/readings"));
    found = 0;
    for (const auto& payload : payloads) found += again.find(payload) != std::string::npos ? 1U : 0U;
  }
}

TEST_CASE("a broker that kept the session gets nothing twice before the timer says so") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  {
    auto first = broker.next_client();
    first.welcome(kPublisherSubscriptions);
    publisher.accept_numbers(0, 3);
    for (int n = 0; n < 3; ++n) first.take_publish("/readings");
  }

  auto second = broker.next_client();
  second.welcome(kPublisherSubscriptions, true);

  CHECK_FALSE(second.next_publish("/readings", kWatch));
}
