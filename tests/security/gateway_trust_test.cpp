// Whom our own programs trust at the broker's address, and what they say of whom they do not: with `check`, one line.
#include <optional>

#include "shared/clock.hpp"
#include "tests/security/stronghold.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"

using namespace solar::test;

namespace {

struct Country {
  explicit Country(const Credentials& from = common_credentials(), const Replacements& replaced = {},
                   const std::string& extra = {})
      : credentials{from}, broker{credentials, replaced, extra} {}
  const Credentials& credentials;
  Stronghold broker;
  Identity bamenda{credentials.village("Bamenda")};
};

/// What `solar-publisher check` says, and with which status.
Finished check(const std::string& url, const Flags& flags, Environment environment = {}) {
  // Debian's own configuration of OpenSSL asks for TLS 1.2; images without one must not ask for less.
  environment.emplace_back("OPENSSL_CONF", "/dev/null");  // behind a test's own, which wins
  return run(
      {sibling("solar-publisher"), joined({"check", "--village", "Bamenda", "--broker-url", url}, flags), environment});
}

bool trusted(const Finished& check) { return check.exit.status == 0; }

/// Not trusted, and the one line says so in these words.
bool refused(const Finished& check, const std::string& words) {
  INFO(check.output << check.log);
  CHECK(check.exit.status == 1);
  const bool said = check.output.find(words) != std::string::npos;
  CHECK(said);
  return said && check.exit.status == 1;
}

/// The broker's door with another certificate.
Replacements with_server(const Identity& server) {
  return {{"/mosquitto/secrets/server.crt", server.certificate.string()},
          {"/mosquitto/secrets/server.key", server.key.string()}};
}

/// That day as "2026-01-28".
std::string in_days(int days) {
  const auto now = std::chrono::system_clock::now().time_since_epoch() + std::chrono::hours{24} * days;
  return solar::rfc3339(std::chrono::duration_cast<solar::Millis>(now)).substr(0, 10);
}

Wish server(const std::string& hosts = "DNS:localhost,IP:127.0.0.1") {
  return {.common_name = "solar-broker", .usage = "serverAuth", .hosts = hosts};
}

}  // namespace

TEST_CASE("the real broker is trusted, by name and by address") {
  const Country country;
  const auto port = std::to_string(country.broker.certificates());

  CHECK(trusted(check("mqtts://localhost:" + port, country.bamenda.for_us())));
  CHECK(trusted(check("mqtts://127.0.0.1:" + port, country.bamenda.for_us())));
}

TEST_CASE("a broker of an unknown CA is not trusted") {
  const Country country;
  auto other = country.bamenda;
  other.ca = country.credentials.strange_ca() / "ca.crt";
  auto none = country.bamenda;
  none.ca.clear();

  CHECK(trusted(check(country.broker.url(), country.bamenda.for_us())));
  CHECK(refused(check(country.broker.url(), other.for_us()),
                "the certificate of localhost is of no CA in " + other.ca.string()));
  CHECK(refused(check(country.broker.url(), none.for_us()), "of no CA that this system knows"));
}

TEST_CASE("a broker with an expired certificate is not trusted") {
  auto wish = server();
  wish.made_on = "2020-01-01";
  const Country country{common_credentials(), with_server(common_credentials().issue(wish))};
  const Country right{common_credentials(), with_server(common_credentials().issue(server()))};

  CHECK(refused(check(country.broker.url(), country.bamenda.for_us()),
                "the certificate of localhost expired on 2020-01-03T"));
  CHECK(trusted(check(right.broker.url(), right.bamenda.for_us())));
}

TEST_CASE("a broker with a certificate of the future is not trusted, and the clock is suspected") {
  auto wish = server();
  const auto day = in_days(30);
  wish.made_on = day;
  const Country country{common_credentials(), with_server(common_credentials().issue(wish))};

  const auto early = check(country.broker.url(), country.bamenda.for_us());
  CHECK(refused(early, "the certificate of localhost is valid from " + day + "T"));
  CHECK(refused(early, "most likely this clock is late"));
  CHECK(trusted(check(country.broker.url(), country.bamenda.for_us(), clock_of(day + " 12:00:00"))));
}

TEST_CASE("a gateway that wakes up in 1970 says that its clock is late") {
  const Country country;

  const auto late = check(country.broker.url(), country.bamenda.for_us(), clock_of("1970-01-01 00:10:00"));

  CHECK(refused(late, "the clock here says 1970-01-01T"));
  CHECK(refused(late, "most likely this clock is late"));
  CHECK(trusted(check(country.broker.url(), country.bamenda.for_us())));
}

TEST_CASE("a broker of the right CA with another host's certificate is not trusted") {
  const Country country{common_credentials(),
                        with_server(common_credentials().issue(server("DNS:central.example,IP:192.0.2.7")))};
  const Country right{common_credentials(), with_server(common_credentials().issue(server()))};

  CHECK(refused(check(country.broker.url(), country.bamenda.for_us()),
                "the certificate of localhost is for another host: central.example, 192.0.2.7"));
  CHECK(refused(check("mqtts://127.0.0.1:" + std::to_string(country.broker.certificates()), country.bamenda.for_us()),
                "for another host"));
  CHECK(trusted(check(right.broker.url(), right.bamenda.for_us())));
}

TEST_CASE("a village that shows its own certificate as a broker's is not trusted") {
  auto wish = server();
  wish.common_name = "Buea";
  wish.usage = "clientAuth";
  const Country country{common_credentials(), with_server(common_credentials().issue(wish))};
  wish.usage = "serverAuth";
  const Country right{common_credentials(), with_server(common_credentials().issue(wish))};

  CHECK(refused(check(country.broker.url(), country.bamenda.for_us()), "the certificate of localhost is not trusted"));
  CHECK(trusted(check(right.broker.url(), right.bamenda.for_us())));
}

TEST_CASE("where the broker refuses our certificate, the line says what of it") {
  const Country country;
  const auto& credentials = country.credentials;
  auto none = country.bamenda;
  none.certificate.clear();
  none.key.clear();

  CHECK(refused(check(country.broker.url(), none.for_us()), "wants a client certificate, and none is set"));
  CHECK(refused(
      check(country.broker.url(), credentials.issue({.common_name = "Bamenda", .made_on = "2020-01-01"}).for_us()),
      "says that our certificate has expired"));
  CHECK(refused(check(country.broker.url(),
                      credentials.issue({.common_name = "Bamenda", .issuer = credentials.strange_ca()}).for_us()),
                "does not know the CA of our certificate"));
  CHECK(trusted(check(country.broker.url(), credentials.issue({.common_name = "Bamenda"}).for_us())));
}

TEST_CASE("a revoked certificate is told as such") {
  const Credentials credentials;
  const auto gone = credentials.path() / "gone";
  std::filesystem::copy(credentials.path() / "villages/Bamenda", gone);
  credentials.make({"--revoke", "Bamenda"});
  credentials.make({"Bamenda"});
  const Country country{credentials};

  CHECK(
      refused(check(country.broker.url(), Identity{gone / "ca.crt", gone / "client.crt", gone / "client.key"}.for_us()),
              "says that our certificate was revoked"));
  CHECK(trusted(check(country.broker.url(), country.bamenda.for_us())));
}

TEST_CASE("plain text and TLS that meet are told as such") {
  const Country country;
  const TemporaryDirectory folder;
  const Broker plain{folder.path()};
  const auto encrypted_port = std::to_string(country.broker.certificates());
  const auto plain_port = std::to_string(plain.port());

  CHECK(refused(check("mqtt://localhost:" + encrypted_port, {}), "by a port for TLS? then write mqtts://"));
  CHECK(refused(check("mqtts://localhost:" + plain_port, country.bamenda.for_us()),
                "is that the port without encryption?"));
  CHECK(trusted(check("mqtts://localhost:" + encrypted_port, country.bamenda.for_us())));
  CHECK(trusted(check("mqtt://localhost:" + plain_port, {})));
}

namespace {

/// OpenSSL's server at a broker's address: it says with whom it came to terms.
struct OtherServer {
  OtherServer(const Credentials& credentials, const Flags& tls) {
    const auto own = credentials.issue(server());
    process.emplace(Command{"openssl",
                            joined({"s_server", "-accept", "127.0.0.1:" + std::to_string(port), "-cert",
                                    own.certificate.string(), "-key", own.key.string(), "-quiet", "-state"},
                                   tls),
                            {{"OPENSSL_CONF", "/dev/null"}}},
                    folder.path() / "log");
    REQUIRE(eventually([this] { return connect_to(port).valid(); }));
  }
  [[nodiscard]] std::string url() const { return "mqtts://localhost:" + std::to_string(port); }
  [[nodiscard]] bool shook_hands() const { return process->log().find("write finished") != std::string::npos; }

  TemporaryDirectory folder;
  std::uint16_t port{free_port()};
  std::optional<Process> process;
};

}  // namespace

TEST_CASE("a broker that speaks nothing newer than TLS 1.1 is not spoken to") {
  const Country country;
  const OtherServer old{country.credentials, {"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}};
  const auto lax = lax_openssl(old.folder.path());

  CHECK(refused(check(old.url(), country.bamenda.for_us(), lax), "speaks no TLS as new as 1.2"));
  CHECK_FALSE(old.shook_hands());
  CHECK(trusted(check(country.broker.url(), country.bamenda.for_us(), lax)));
}

// What a system allows is its own affair, and Paho asks for no least version: so nothing is offered that older TLS has.
TEST_CASE("a broker that has only ciphers of older TLS is not spoken to") {
  const Country country;
  const OtherServer old{country.credentials, {"-tls1_2", "-cipher", "ECDHE+AES+SHA1"}};
  const OtherServer right{country.credentials, {"-tls1_2", "-cipher", "ECDHE+AESGCM"}};

  CHECK(refused(check(old.url(), country.bamenda.for_us()), "no connection to mqtts://localhost"));
  CHECK_FALSE(old.shook_hands());
  static_cast<void>(check(right.url(), country.bamenda.for_us()));  // it answers no MQTT
  CHECK(right.shook_hands());
}

TEST_CASE("over wss readings travel, the same is trusted, and the same is not") {
  const auto& credentials = common_credentials();
  const auto port = free_port();
  const auto at = "wss://localhost:" + std::to_string(port) + "/mqtt";
  const auto files = (credentials.path() / "broker/server").string();
  const auto ca = (credentials.path() / "broker/ca.crt").string();
  const Country country{credentials,
                        {},
                        "listener " + std::to_string(port) + " 127.0.0.1\nprotocol websockets\ncafile " + ca +
                            "\ncertfile " + files + ".crt\nkeyfile " + files +
                            ".key\nrequire_certificate true\nuse_identity_as_username true\n"};
  auto strange = country.bamenda;
  strange.ca = credentials.strange_ca() / "ca.crt";
  auto none = country.bamenda;
  none.certificate.clear();
  none.key.clear();
  REQUIRE(eventually([&] { return connect_to(port).valid(); }));

  CHECK(trusted(check(at, country.bamenda.for_us())));
  CHECK(trusted(check("wss://127.0.0.1:" + std::to_string(port), country.bamenda.for_us())));
  CHECK(refused(check(at, strange.for_us()), "the certificate of localhost is of no CA in"));
  CHECK(refused(check(at, none.for_us()), "wants a client certificate, and none is set"));

  const TemporaryDirectory folder;
  const Watcher observer{country.broker, credentials.own("observer"), "solar/Bamenda/main/readings"};
  Publisher publisher{folder.path(), {.broker_url = at, .extra = country.bamenda.for_us()}};
  publisher.start();
  publisher.feed_numbers(0, 1);
  CHECK(eventually([&] { return observer.process().output().find("power_kw") != std::string::npos; }));
}

TEST_CASE("over wss, too, the certificate must be for that host") {
  const auto& credentials = common_credentials();
  const auto port = free_port();
  const auto other = credentials.issue(server("DNS:central.example,IP:127.0.0.1"));
  const Country country{credentials,
                        {},
                        "listener " + std::to_string(port) + " 127.0.0.1\nprotocol websockets\ncafile " +
                            (credentials.path() / "broker/ca.crt").string() + "\ncertfile " +
                            other.certificate.string() + "\nkeyfile " + other.key.string() +
                            "\nrequire_certificate true\nuse_identity_as_username true\n"};
  REQUIRE(eventually([&] { return connect_to(port).valid(); }));

  CHECK(refused(check("wss://localhost:" + std::to_string(port), country.bamenda.for_us()),
                "the certificate of localhost is for another host: central.example"));
  CHECK(trusted(check("wss://127.0.0.1:" + std::to_string(port), country.bamenda.for_us())));
}
