// MqttSession against a broker that says what Mosquitto seldom does.
#include <string>

#include "shared/mqtt_session.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/net.hpp"
#include "tests/support/raw_mqtt.hpp"
#include "tests/support/watched_session.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

namespace {

const std::string kFilter = "solar/+/+/readings";

class ScriptedBroker {
 public:
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  /// The next client that comes while `session` is driven; its CONNECT has been read.
  mqtt::Peer next_client(WatchedSession& session) {
    auto peer = accept(session);
    REQUIRE(peer.read(Type::Connect));
    return peer;
  }
  /// The bytes of the next client's CONNECT.
  std::string next_connect(WatchedSession& session) {
    const auto packet = accept(session).read(Type::Connect);
    REQUIRE(packet);
    return packet->body;
  }

 private:
  mqtt::Peer accept(WatchedSession& session) {
    Socket socket;
    REQUIRE(session.until([&] {
      socket = accept_from(listener_, std::chrono::milliseconds{0});
      return socket.valid();
    }));
    return mqtt::Peer{std::move(socket)};
  }

  std::uint16_t port_{free_port()};
  Socket listener_{listen_on(port_)};
};

MqttOptions options(const ScriptedBroker& broker) {
  auto o = quick_options(broker.url());
  o.filters = {kFilter};
  return o;
}

/// What comes from the session while it is driven.
std::optional<mqtt::Packet> read(WatchedSession& session, mqtt::Peer& peer, Type type) {
  std::optional<mqtt::Packet> packet;
  static_cast<void>(session.until([&] {
    packet = peer.read(type, std::chrono::milliseconds{1});
    return packet.has_value();
  }));
  return packet;
}

void grant(WatchedSession& session, mqtt::Peer& peer, std::uint8_t reason = 1) {
  const auto subscribe = read(session, peer, Type::Subscribe);
  REQUIRE(subscribe);
  peer.send(mqtt::encode_suback(mqtt::packet_id(*subscribe), reason));
}

}  // namespace

TEST_CASE("being taken over is told, and a new client id connects at once") {
  ScriptedBroker broker;
  auto o = options(broker);
  o.reconnect_spread = o.reconnect_min = o.reconnect_max = Millis{600'000};
  WatchedSession session{o};
  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false));
  grant(session, peer);
  REQUIRE(session.next<Connected>());

  peer.send(mqtt::encode(Type::Disconnect, 0, "\x8E"));

  CHECK(session.next<TakenOver>());
  CHECK(session.next<Disconnected>());
  session->change_client_id("another");
  auto again = broker.next_client(session);
  again.send(mqtt::encode_connack(false));
  grant(session, again);
  CHECK(session.next<Connected>());
}

TEST_CASE("a subscription that is denied, or granted with QoS 0, is told and tried again") {
  const auto reason = GENERATE(std::uint8_t{0x87}, std::uint8_t{0x80}, std::uint8_t{0x9E}, std::uint8_t{0});
  ScriptedBroker broker;
  WatchedSession session{options(broker)};
  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false));

  grant(session, peer, reason);

  const auto denied = session.next<Denied>();
  REQUIRE(denied);
  CHECK(denied->what == "subscription to " + kFilter);
  CHECK(session.count<Connected>() == 0);
  auto again = broker.next_client(session);
  again.send(mqtt::encode_connack(true));
  grant(session, again);
  const auto connected = session.next<Connected>();
  REQUIRE(connected);
  CHECK(connected->session_present);
}

TEST_CASE("the session counts as connected only when every filter is granted") {
  ScriptedBroker broker;
  auto o = options(broker);
  o.filters = {"a", "b"};
  WatchedSession session{o};
  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false));
  grant(session, peer);
  const auto second = read(session, peer, Type::Subscribe);
  REQUIRE(second);

  CHECK_FALSE(
      session.until([&] { return session->connected() || session->room() > 0; }, std::chrono::milliseconds{200}));

  peer.send(mqtt::encode_suback(mqtt::packet_id(*second)));
  CHECK(session.until_connected());
}

TEST_CASE("there is room for as many publishes as the broker takes, and again after its PUBACKs") {
  ScriptedBroker broker;
  WatchedSession session{options(broker)};
  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false, 0, std::string{"\x21\x00\x03", 3}));  // receive maximum 3
  grant(session, peer);
  REQUIRE(session.until_connected());

  for (std::size_t room = 3; room > 0; --room) {
    CHECK(session->room() == room);
    CHECK(session->publish({"t", "x", false, {}, {}}));
  }
  CHECK(session->room() == 0);
  CHECK_FALSE(session->publish({"t", "x", false, {}, {}}));

  const auto wakes = session.wakes();
  const auto publish = read(session, peer, Type::Publish);
  REQUIRE(publish);
  peer.send(mqtt::encode_puback(mqtt::decode_publish(*publish).packet_id));
  CHECK(session.until([&] { return session->room() == 1; }));
  CHECK(eventually([&] { return session.wakes() > wakes; }));
}

TEST_CASE("publishes without a PUBACK are forgotten with their connection: only the courier sends again") {
  ScriptedBroker broker;
  WatchedSession session{options(broker)};
  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false));
  grant(session, peer);
  REQUIRE(session.until_connected());
  REQUIRE(session->publish({"t", "unknown", false, {}, {}}));
  REQUIRE(read(session, peer, Type::Publish));

  peer.close();

  auto again = broker.next_client(session);
  again.send(mqtt::encode_connack(true));
  grant(session, again);
  REQUIRE(session.until_connected());
  CHECK(session->room() == 100);
  REQUIRE(session->publish({"t", "new", false, {}, {}}));
  const auto first = read(session, again, Type::Publish);
  REQUIRE(first);
  CHECK(mqtt::decode_publish(*first).payload == "new");
}

TEST_CASE("a login that is refused says why, and a busy broker is no refused login") {
  ScriptedBroker broker;
  WatchedSession session{options(broker)};

  broker.next_client(session).send(mqtt::encode_connack(false, 0x86));
  const auto denied = session.next<Denied>();
  broker.next_client(session).send(mqtt::encode_connack(false, 0x89));
  const auto busy = session.next<Disconnected>();

  REQUIRE(denied);
  CHECK(denied->what == "login");
  CHECK(denied->why == "wrong user name or password (0x86)");
  REQUIRE(busy);
  CHECK(busy->why == "no connection to " + broker.url() + ": the broker is busy (0x89)");
}

TEST_CASE("a broker that accepts and never answers is given up and tried again") {
  ScriptedBroker broker;
  auto o = options(broker);
  o.connect_timeout = Millis{1'000};
  WatchedSession session{o};
  auto silent = broker.next_client(session);

  CHECK(session.next<Disconnected>());

  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false));
  grant(session, peer);
  CHECK(session.next<Connected>());
}

TEST_CASE("a broker that takes the login and never answers the subscription is given up and tried again") {
  ScriptedBroker broker;
  auto o = options(broker);
  o.connect_timeout = Millis{1'000};
  WatchedSession session{o};
  auto half = broker.next_client(session);
  half.send(mqtt::encode_connack(false));

  const auto given_up = session.next<Disconnected>();

  REQUIRE(given_up);
  CHECK(given_up->why == "no answer from the broker at " + broker.url());
  auto peer = broker.next_client(session);
  peer.send(mqtt::encode_connack(false));
  grant(session, peer);
  CHECK(session.next<Connected>());
}

TEST_CASE("the CONNECT asks for what the options say, and never for a clean start") {
  ScriptedBroker broker;
  auto o = options(broker);
  o.session_expiry = Millis{300'000};
  o.receive_maximum = 77;
  o.maximum_packet_bytes = 0x00ABCDEF;
  o.keepalive = Millis{30'000};
  WatchedSession session{o};
  const auto connect = broker.next_connect(session);

  CHECK(connect.substr(0, 7) == std::string{"\x00\x04MQTT\x05", 7});
  CHECK(connect[7] == 0);                                                            // flags: no clean start
  CHECK(connect.substr(8, 2) == std::string{"\x00\x1e", 2});                         // keepalive
  CHECK(connect.find(std::string{"\x11\x00\x00\x01\x2c", 5}) != std::string::npos);  // session expiry
  CHECK(connect.find(std::string{"\x21\x00\x4d", 3}) != std::string::npos);          // receive maximum
  CHECK(connect.find(std::string{"\x27\x00\xab\xcd\xef", 5}) != std::string::npos);  // maximum packet size
}
