// A receipt lets the gateway forget a reading: it leaves when central has answered 2xx, and goes where the reading came
// from.
#include <atomic>

#include "tests/support/catch.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("no receipt while central fails, and one on the reading's own topic after the first 2xx") {
  std::atomic<int> status{500};
  ScriptedHttp central{[&](const ScriptedRequest&) { return http_answer(status); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url()};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.deliver("solar/Bam%2Fenda/roof/readings", R"({"power_kw":1,"id":"m-1"})", 1);
  REQUIRE(client.acked(1));
  REQUIRE(eventually([&] { return central.requests().size() >= 3; }));
  CHECK_FALSE(client.next_publish("/receipts", kWatch));
  status = 201;

  const auto receipt = client.take_publish("/receipts");
  CHECK(receipt.topic == "solar/Bam%2Fenda/roof/receipts");
  CHECK(receipt.payload == R"({"delivered":["m-1"],"refused":[]})");
  CHECK(receipt.content_type == "application/json");
  CHECK_FALSE(receipt.retain);
  CHECK(forwarder.waiting() == 0);
}

TEST_CASE("a reading without an id gets no receipt") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url()};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.deliver("solar/Bamenda/main/readings", R"({"power_kw":1})", 1);

  REQUIRE(eventually([&] { return central.requests().size() == 1 && forwarder.waiting() == 0; }));
  CHECK_FALSE(client.next_publish("/receipts", kWatch));
}

TEST_CASE("a refusal is told with its reason") {
  ScriptedHttp central{[](const ScriptedRequest& request) {
    return request.body.find("\"power_kw\":2") != std::string::npos ? http_answer(422, {}, "too sunny")
                                                                    : http_answer(200);
  }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url()};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.deliver("solar/Bamenda/main/readings", R"({"power_kw":2,"id":"m-2"})", 1);

  CHECK(client.take_publish("/receipts").payload ==
        R"({"delivered":[],"refused":[{"id":"m-2","reason":"central answered 422: too sunny"}]})");
}
