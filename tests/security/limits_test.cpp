// What one client may cost, and what it may do to others.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"
#include "tests/support/raw_mqtt.hpp"

using namespace solar::test;

namespace {

struct Country {
  explicit Country(const Replacements& replaced = {}, const std::string& extra = {})
      : broker{credentials, replaced, extra} {}
  const Credentials& credentials{common_credentials()};
  Stronghold broker;
  Identity bamenda{credentials.village("Bamenda")};
  Identity buea{credentials.village("Buea")};
  Identity forwarder{credentials.own("forwarder")};
};

Finished publish_file(const Country& country, const std::filesystem::path& file,
                      const std::string& topic = "solar/Bamenda/main/readings", const Flags& extra = {}) {
  return run({"mosquitto_pub",
              joined({"-h", "localhost", "-p", std::to_string(country.broker.certificates()), "-V", "mqttv5", "-q", "1",
                      "-t", topic, "-f", file.string()},
                     joined(country.bamenda.for_mosquitto(), extra)),
              {}});
}

}  // namespace

TEST_CASE("a message over 1 MiB goes nowhere and ends the connection, and one below is taken") {
  const Country country;
  const TemporaryDirectory folder;
  const std::string fits(1'000'000, 'a');
  const std::string large(1'100'000, 'b');
  write_file(folder.path() / "fits", fits);
  write_file(folder.path() / "large", large);
  const Watcher observer{country.broker, country.credentials.own("observer"), "solar/+/+/readings"};

  static_cast<void>(publish_file(country, folder.path() / "large"));  // mosquitto_pub does not always notice
  static_cast<void>(publish_file(country, folder.path() / "fits"));
  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "others go on")));

  CHECK(observer.sees(fits));
  CHECK(observer.sees("others go on"));
  CHECK_FALSE(observer.saw(large));
}

TEST_CASE("what one village has the broker keep ends at the memory limit, others go on, and it can be taken away") {
  Country country{{{"memory_limit 1700000000", "memory_limit 20000000"}}};
  constexpr int kTooMany = 25;
  const TemporaryDirectory folder;
  const std::string large(1'000'000, 'a');
  write_file(folder.path() / "large", large);
  const auto topic = [](int device) { return "solar/Bamenda/d" + std::to_string(device) + "/status"; };
  const auto kept = [&](int device) {
    const Watcher observer{country.broker, country.credentials.own("observer"), topic(device), {"-t", "solar/Buea/#"}};
    CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "another's")));
    CHECK(observer.sees("another's"));  // after what was retained
    return observer.saw(large);
  };

  for (int device = 0; device < kTooMany; ++device)
    static_cast<void>(publish_file(country, folder.path() / "large", topic(device), {"-r"}));

  CHECK(kept(0));
  CHECK_FALSE(kept(kTooMany - 1));
  country.broker.stop();
  country.broker.start();
  CHECK(kept(0));
  for (int device = 0; device < kTooMany; ++device)
    CHECK(went_well(run({"mosquitto_pub",
                         joined({"-h", "localhost", "-p", std::to_string(country.broker.certificates()), "-V", "mqttv5",
                                 "-q", "1", "-t", topic(device), "-r", "-n"},
                                country.bamenda.for_mosquitto()),
                         {}})));
  CHECK_FALSE(kept(0));
  static_cast<void>(publish_file(country, folder.path() / "large", topic(kTooMany - 1), {"-r"}));
  CHECK(kept(kTooMany - 1));
}

TEST_CASE("an MQTT 5 client that wants a keepalive of 0, or over 300 s, is told 300 s") {
  const auto plain = free_port();  // what is asked here is the same with TLS
  const Country country{{}, "listener " + std::to_string(plain) + " 127.0.0.1\n"};
  REQUIRE(eventually([&] { return connect_to(plain).valid(); }));
  const std::string server_keepalive_300_s{"\x13\x01\x2c"};
  const auto told = [&](std::uint16_t wanted_seconds) {
    mqtt::Peer client{connect_to(plain)};
    client.send(mqtt::encode(mqtt::Connect{.client_id = "keen",
                                           .keepalive_seconds = wanted_seconds,
                                           .username = "Bamenda",
                                           .password = country.credentials.password("Bamenda")}));
    const auto answer = client.read(mqtt::Type::Connack);
    REQUIRE(answer);
    CHECK(mqtt::reason(*answer) == 0);
    return answer->body.find(server_keepalive_300_s) != std::string::npos;
  };

  CHECK(told(0));
  CHECK(told(301));
  CHECK(told(65'535));
  CHECK_FALSE(told(300));
  CHECK_FALSE(told(60));
}

TEST_CASE("QoS 2 is not offered") {
  const Country country;

  const auto twice = publish(country.broker, country.bamenda, "solar/Bamenda/main/readings", "x", {"-q", "2"});

  CHECK(twice.log.find("QoS not supported") != std::string::npos);
  CHECK(went_well(publish(country.broker, country.bamenda, "solar/Bamenda/main/readings", "x", {"-q", "1"})));
}

TEST_CASE("beyond its connections a door turns newcomers away, and who is inside stays") {
  const Country country{{{"max_connections 2000", "max_connections 2"}}};
  {
    const Watcher first{country.broker, country.bamenda, "solar/Bamenda/+/receipts"};
    const Watcher second{country.broker, country.forwarder, "solar/+/+/readings"};

    CHECK_FALSE(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "too many")));
    CHECK(
        went_well(publish_by_password(country.broker, country.credentials, "Buea", country.credentials.password("Buea"),
                                      "solar/Buea/main/readings", "another door")));

    CHECK(second.sees("another door"));
    CHECK_FALSE(second.saw("too many"));
  }
  CHECK(eventually(
      [&] { return went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "room again")); }));
}

TEST_CASE("strangers who fill the villages' doors do not lock out those who take the readings") {
  const Country country{{{"max_connections 2000", "max_connections 2"}, {"max_connections 1000", "max_connections 2"}}};
  std::vector<Socket> silent;
  for (const auto port : {country.broker.certificates(), country.broker.passwords()})
    for (int count = 0; count < 2; ++count) silent.push_back(connect_to(port));
  REQUIRE(eventually(
      [&] { return !went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "too many")); }));
  const TemporaryDirectory folder;
  Forwarder forwarder{folder.path(),
                      {.broker_url = "mqtts://localhost:" + std::to_string(country.broker.own()),
                       .api_url = "http://127.0.0.1:9/",
                       .extra = country.forwarder.for_us()}};

  forwarder.start();

  CHECK(forwarder.process().wait_for_line("connected"));
}

TEST_CASE("whoever takes over a client id gets the connection ended, and none of the other's rights") {
  const Country country;
  const Flags session{"-i", "known-client-id", "-c", "-x", "300"};
  {
    Watcher victim{country.broker, country.forwarder, "solar/+/+/readings", session};
    CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "before")));
    CHECK(victim.sees("before"));
    victim.process().kill();  // its session waits
  }
  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "queued")));

  const Watcher thief{country.broker, country.bamenda, "solar/Bamenda/+/receipts", session};

  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "after")));
  CHECK(went_well(publish(country.broker, country.forwarder, "solar/Bamenda/main/receipts", "its own")));
  CHECK(thief.sees("its own"));
  CHECK_FALSE(thief.saw("queued"));
  CHECK_FALSE(thief.saw("after"));
}
