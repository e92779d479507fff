// What no broker should say: the connection ends, the program does not, and the next connection works.
#include "tests/wire/rigs.hpp"
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;
using namespace std::string_literals;

namespace {

struct Malformed {
  std::string name;
  std::string bytes;
};

std::vector<Malformed> malformed() {
  return {{"a remaining length of five bytes", "\x30\xff\xff\xff\xff\x7f rest"s},
          {"a PUBLISH whose topic is longer than it",
           "\x32\x06\xff\xff"
           "abcd"s},
          {"a PUBLISH whose properties are longer than it", "\x32\x07\x00\x01t\x00\x01\x7f\x01"s},
          {"an empty PUBLISH", "\x32\x00"s},
          {"an empty PUBACK", "\x40\x00"s}};
}

std::vector<Malformed> unknown() {
  return {{"packet type 0", "\x00\x00"s},
          {"a packet type that only clients send", "\x82\x05\x00\x01\x00\x00\x00"s},
          {"a SUBACK that nobody asked for", mqtt::encode_suback(999)},
          {"a PUBACK that nobody waits for", mqtt::encode_puback(999)}};
}

}  // namespace

TEST_CASE("bytes that are no packet end the connection, and the session comes back") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();

  for (const auto& [name, bytes] : malformed()) {
    INFO(name);
    auto client = broker.next_client();
    client.welcome(kForwarderSubscriptions);
    client.send(bytes);
    CHECK(client.closes());
  }

  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  client.deliver("solar/Bamenda/main/readings", R"({"power_kw":1})", 9);
  CHECK(client.acked(9));
  CHECK(forwarder.waiting() == 1);
}

TEST_CASE("a packet that has no place here ends the connection, or is passed over whole") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  std::uint64_t stored = 0;

  for (const auto& [name, bytes] : unknown()) {
    INFO(name);
    auto client = broker.next_client();
    client.welcome(kForwarderSubscriptions);
    client.send(bytes);
    client.deliver("solar/Bamenda/main/readings", R"({"power_kw":1})", 9);
    const bool passed_over = client.acked(9);
    CHECK(passed_over != client.peer().closed());
    stored += passed_over ? 1U : 0U;
    CHECK(forwarder.waiting() == stored);
  }
}

TEST_CASE("an answer to CONNECT that is none is told, and tried again") {
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};

  for (const auto& bytes :
       {"\x20\x00"s, "\x20\x01\x00"s, "\x20\x03\x00\x00\x7f"s, "HTTP/1.1 400 Bad Request\r\n\r\n"s}) {
    auto client = next_client(broker, session);
    client.send(bytes);
    client.close();
    REQUIRE(session.next<Disconnected>());
  }

  auto client = welcomed_client(broker, session);
  CHECK(session.next<Connected>());
}
