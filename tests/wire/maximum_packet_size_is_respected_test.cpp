// A broker ends the connection of whoever sends a packet that is larger than it takes: nobody may be held up by that.
#include <set>

#include "tests/support/scripted_http.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

TEST_CASE("a message that is larger than the broker takes is not sent") {
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};
  auto client = welcomed_client(broker, session, false, maximum_packet_size_property(1'000));
  REQUIRE(session.until_connected());

  CHECK_FALSE(session->publish(text_message("t", std::string(1'000, 'x'))));
  CHECK(session->publish(text_message("t", std::string(900, 'x'))));

  const auto publish = read(session, client, Type::Publish);
  REQUIRE(publish);
  CHECK(mqtt::decode_publish(*publish).payload.size() == 900);
  CHECK(session->room() == 99);
}

TEST_CASE("a reading that is larger than the broker takes does not hold up the others, and stays") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url(), [](PublisherConfig& config) { config.receipt_timeout = Millis{200}; }};
  publisher.accept(R"({"power_kw":0,"x":")" + std::string(4'000, 'x') + "\"}");
  auto ids = publisher.accept_numbers(1, 50);  // with the large one they are one batch
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions, false, maximum_packet_size_property(1'000));

  const auto confirm_what_comes = [&] {
    const auto packet = client.next(Type::Publish, std::chrono::milliseconds{50});
    if (packet) {
      REQUIRE(packet->body.size() <= 998);
      client.send(mqtt::encode_puback(mqtt::decode_publish(*packet).packet_id));
      client.deliver("solar/Bamenda/main/receipts", receipt_for(ids), 1);
    }
    return publisher.waiting() == 1;
  };

  CHECK(eventually(confirm_what_comes, 2 * kPatience));
  CHECK_FALSE(client.peer().closed());
}

TEST_CASE("receipts are as many messages as it takes for each to fit") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url(),
                         [](ForwarderConfig& config) { config.receipt_interval = Millis{300}; }};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions, false, maximum_packet_size_property(300));
  std::string batch = "[";
  std::set<std::string> ids;
  for (int n = 0; n < 60; ++n) {
    const auto id = *ids.insert("meter:" + std::to_string(1'000'000 + n)).first;
    batch += (n == 0 ? "" : ",") + std::string{R"({"power_kw":1,"id":")"} + id + "\"}";
  }

  client.deliver("solar/Bamenda/main/readings", batch + "]", 1);

  while (!ids.empty()) {
    const auto receipt = client.take_publish("/receipts");
    CHECK(mqtt::encode(receipt).size() <= 300);
    const auto before = ids.size();
    std::erase_if(ids, [&](const auto& id) { return receipt.payload.find("\"" + id + "\"") != std::string::npos; });
    REQUIRE(ids.size() < before);
  }
}
