// A login that is refused is told as such and tried again slowly; a broker that is busy is no refused login.
#include "tests/wire/session_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a login that is refused says why, and is tried again") {
  struct Case {
    std::uint8_t reason;
    std::string why;
  };
  const std::vector<Case> cases{{0x86, "wrong user name or password (0x86)"},
                                {0x87, "not authorized (0x87)"},
                                {0x84, "the broker does not speak MQTT v5 (0x84)"},
                                {0x8A, "banned by the broker (0x8A)"}};
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};

  for (const auto& [reason, why] : cases) {
    next_client(broker, session).send(mqtt::encode_connack(false, reason));
    const auto denied = session.next<Denied>();
    REQUIRE(denied);
    CHECK(denied->what == "login");
    CHECK(denied->why == why);
  }

  auto client = welcomed_client(broker, session);
  CHECK(session.next<Connected>());
}

TEST_CASE("a broker that is busy or going down is no refused login") {
  struct Case {
    std::uint8_t reason;
    std::string why;
  };
  const std::vector<Case> cases{{0x88, "the broker is not available (0x88)"},
                                {0x89, "the broker is busy (0x89)"},
                                {0x97, "over a quota of the broker (0x97)"}};
  ScriptedBroker broker;
  WatchedSession session{session_options(broker)};

  for (const auto& [reason, why] : cases) {
    next_client(broker, session).send(mqtt::encode_connack(false, reason));
    const auto busy = session.next<Disconnected>();
    REQUIRE(busy);
    CHECK(busy->why == "no connection to " + broker.url() + ": " + why);
  }
  CHECK(session.count<Denied>() == 0);
}

TEST_CASE("tries of a login that is refused come ever slower") {
  ScriptedBroker broker;
  auto options = session_options(broker);
  options.reconnect_min = Millis{40};
  options.reconnect_max = Millis{60'000};
  WatchedSession session{options};

  auto refused_at = std::chrono::steady_clock::now();
  for (int refusal = 0; refusal < 6; ++refusal) {
    auto client = next_client(broker, session);
    refused_at = std::chrono::steady_clock::now();
    client.send(mqtt::encode_connack(false, 0x86));
    REQUIRE(session.next<Denied>());
  }
  auto client = next_client(broker, session);

  // The sixth wait is 40 ms * 2^5, less a quarter at most.
  CHECK(std::chrono::steady_clock::now() - refused_at >= std::chrono::milliseconds{40 * 32 * 3 / 4});
}
