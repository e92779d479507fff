// We allow the broker no topic alias. One that uses them all the same must not do harm.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;
using namespace std::string_literals;

namespace {

/// A PUBLISH with QoS 1 whose only property is topic alias 1.
std::string aliased(const std::string& topic, char packet_id) {
  std::string body{'\0', static_cast<char>(topic.size())};
  body += topic + "\x00"s + packet_id + "\x03\x23\x00\x01"s + R"({"power_kw":1})";
  return mqtt::encode(mqtt::Type::Publish, 2, body);
}

}  // namespace

TEST_CASE("a topic alias is no topic: its message is a dead letter or ends the connection, and others arrive") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  {
    auto client = broker.next_client();
    client.welcome(kForwarderSubscriptions);
    client.send(aliased("solar/Bamenda/main/readings", 1));
    client.send(aliased("", 2));
    static_cast<void>(client.acked(2, kWatch));
  }

  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  client.deliver("solar/Bamenda/main/readings", R"({"power_kw":2})", 3);

  CHECK(client.acked(3));
  CHECK(forwarder.waiting() >= 1);
  CHECK(forwarder.waiting() <= 2);  // never one under another's topic
}
