// What waited travels in batches, deflated, and says so.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

bool is_deflated(const mqtt::Publish& message) {
  const std::vector<std::pair<std::string, std::string>> expected{{"content-encoding", "deflate"}};
  return message.user_properties == expected;
}

}  // namespace

TEST_CASE("a backlog goes in deflated arrays with a content type and a user property, oldest first") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url(), [](PublisherConfig& config) { config.window_start = 1'000; }};
  const auto ids = publisher.accept_numbers(0, 250);
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);

  std::string all;
  std::size_t messages{};
  while (all.find(ids.back()) == std::string::npos) {
    const auto message = client.take_publish("/readings");
    CHECK(message.content_type == "application/json");
    REQUIRE(is_deflated(message));
    const auto array = plain_payload(message);
    CHECK(array.starts_with('['));
    CHECK(array.ends_with(']'));
    CHECK(message.payload.size() < array.size() / 3);
    all += array;
    ++messages;
  }
  CHECK(messages <= 4);
  std::size_t at = 0;
  for (const auto& id : ids) {
    const auto found = all.find("\"id\":\"" + id + "\"", at);
    REQUIRE(found != std::string::npos);
    at = found;
  }
}

TEST_CASE("a live reading goes before a backlog, alone and plain") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.accept_numbers(0, 2'000);
  publisher.start();
  auto client = broker.next_client();
  const auto live = publisher.accept(R"({"power_kw":7777})");
  client.welcome(kPublisherSubscriptions);

  const auto first = client.take_publish("/readings");

  CHECK(first.payload.find(live) != std::string::npos);
  CHECK(first.user_properties.empty());
  CHECK(is_deflated(client.take_publish("/readings")));
}
