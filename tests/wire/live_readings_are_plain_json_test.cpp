// `mosquitto_sub -v -t 'solar/#'` must show a person what goes on.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("live readings are plain JSON, one a message, in their order") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);

  const auto ids = publisher.accept_numbers(100, 20);

  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto message = client.take_publish("/readings");
    CHECK(message.topic == "solar/Bamenda/main/readings");
    CHECK(message.content_type == "application/json");
    CHECK(message.user_properties.empty());
    CHECK(message.payload.starts_with('{'));
    CHECK(message.payload.find(R"("village":"Bamenda")") != std::string::npos);
    CHECK(message.payload.find("\"id\":\"" + ids[i] + "\"") != std::string::npos);
    CHECK(message.payload.find("\"power_kw\":" + std::to_string(100 + i)) != std::string::npos);
  }
}

TEST_CASE("a reading's own bytes are kept: only what was missing is added") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);

  publisher.accept(R"({ "power_kw" : 1.50,  "note":"\u00e9"  })");

  CHECK(client.take_publish("/readings").payload.ends_with(R"( "power_kw" : 1.50,  "note":"\u00e9"  })"));
}
