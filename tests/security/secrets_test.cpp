// The whole road, encrypted, at log level DEBUG and with Paho's trace: readings arrive, and no secret is in anything
// that a program says.
#include <fstream>
#include <sstream>

#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"

using namespace solar::test;

namespace {

namespace fs = std::filesystem;

/// One line of the base64 of a key: whoever has that, has it.
std::string inner_line(const fs::path& pem) {
  std::ifstream file{pem};
  std::string line;
  std::getline(file, line);
  std::getline(file, line);
  REQUIRE(line.size() > 40);
  return line;
}

/// Everything that can be said: Paho's own trace, too.
const Environment kTrace{{"MQTT_C_CLIENT_TRACE", "ON"}, {"MQTT_C_CLIENT_TRACE_LEVEL", "MAXIMUM"}};

/// Without Paho's trace, which shows client ids: its lines begin with the date as 20261123.
std::string own_lines(const std::string& said) {
  std::istringstream lines{said};
  std::string own;
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("0123456789") != 8) own += line + "\n";
  }
  return own;
}

/// Broker, central, forwarder and publisher with all the credentials that there are, each by its own file.
struct EncryptedRoad {
  Credentials credentials;
  Stronghold broker{credentials};
  TemporaryDirectory folder;
  fs::path file(const std::string& name) const { return credentials.path() / name; }

  std::uint16_t central_port{free_port()};
  std::string central_url{"https://localhost:" + std::to_string(central_port) + "/api/solar"};
  std::optional<Process> central;
  Publisher publisher{folder.path() / "publisher",
                      {.broker_url = "mqtts://localhost:" + std::to_string(broker.passwords()),
                       .extra = {"--mqtt-ca-file", file("villages/Bamenda/ca.crt").string(), "--mqtt-username",
                                 "Bamenda", "--mqtt-password-file", file("villages/Bamenda/password").string()},
                       .environment = kTrace}};
  Forwarder forwarder{folder.path() / "forwarder",
                      {.broker_url = broker.url(),
                       .api_url = central_url,
                       .client_id = "solar-forwarder-5f7d-x2k4p-" + read_file(file("forwarder/client-word")),
                       .extra = forwarder_flags(),
                       .environment = forwarder_environment()}};

  /// As in Kubernetes.
  Environment forwarder_environment() const {
    Environment environment = kTrace;
    environment.emplace_back("GROUP", "solar-forwarders-" + read_file(file("forwarder/secret-word")));
    return environment;
  }

  Flags forwarder_flags() const {
    const auto own = credentials.own("forwarder");
    return joined(
        joined(own.for_us("--mqtt-"), own.for_us("--api-")),
        {"--api-token-file", file("forwarder/token").string(), "--config", file("forwarder/settings.toml").string()});
  }
  void start_central() {
    const Flags flags{"--listen",           "127.0.0.1:" + std::to_string(central_port),
                      "--database",         (folder.path() / "central.db").string(),
                      "--certificate-file", file("central/server.crt").string(),
                      "--key-file",         file("central/server.key").string(),
                      "--client-ca-file",   file("central/ca.crt").string(),
                      "--client-name",      "forwarder",
                      "--token-file",       file("central/token").string()};
    central.emplace(Command{sibling("solar-central"), flags, {}}, folder.path() / "central.log");
    REQUIRE(central->wait_for_line("listening"));
  }
  [[nodiscard]] bool delivers(int first) {
    publisher.feed_numbers(first, 10);
    return publisher.accepts(static_cast<std::size_t>(first) + 10) && drains();
  }
  /// Whether central gets all that the publisher has.
  [[nodiscard]] bool drains() {
    const bool empty = eventually([&] { return publisher.status("waiting") == "0"; });
    INFO(publisher.command({"status"}).output << publisher.process().log() << forwarder.process().log());
    CHECK(empty);
    CHECK(publisher.status("refused") == "0");
    return empty;
  }
  /// Feeds readings until the forwarder says that: it looks at its files once a second.
  [[nodiscard]] bool brings_to_say(std::string_view words) {
    const auto said = [&] {
      publisher.feed_numbers(1000, 1);
      return forwarder.process().log().find(words) != std::string::npos;
    };
    return eventually(said, kPatience, std::chrono::milliseconds{100});
  }
  [[nodiscard]] std::vector<std::string> secrets() const {
    return {credentials.password("Bamenda"),          credentials.password("Buea"),
            read_file(file("forwarder/token")),       read_file(file("forwarder/secret-word")),
            inner_line(file("forwarder/client.key")), inner_line(file("villages/Bamenda/client.key")),
            inner_line(file("central/server.key"))};
  }
};

}  // namespace

TEST_CASE("readings arrive over TLS with every credential, and no log or answer shows a secret") {
  EncryptedRoad road;
  road.start_central();
  road.forwarder.start();
  road.publisher.start();
  REQUIRE(road.delivers(0));

  const auto secrets = road.secrets();
  std::string said;
  for (const auto& finished :
       {road.publisher.command({"status"}), road.publisher.command({"status", "--json"}),
        road.publisher.command({"check"}), road.publisher.command({"refused", "list"}),
        road.forwarder.command({"status"}), road.forwarder.command({"status", "--json"}),
        road.forwarder.command({"check"}), road.forwarder.command({"dead-letters", "list"}),
        run({sibling("solar-publisher"),
             {"--help"},
             {{"MQTT_PASSWORD_FILE", road.file("villages/Bamenda/password").string()}}}),
        run({sibling("solar-forwarder"), {"--help"}, {{"CONFIG", road.file("forwarder/settings.toml").string()}}})}) {
    CHECK(finished.exit.status == 0);
    said += finished.output + finished.log;
  }
  // Now everything goes wrong once, for what is said then.
  road.broker.stop();
  write_secret(road.file("villages/Bamenda/password"), "not-the-password");
  write_secret(road.file("forwarder/token"), "not-the-token");
  road.broker.start();
  REQUIRE(road.publisher.process().wait_for_line("not authorized"));
  road.publisher.stop();
  road.forwarder.stop();
  for (const auto* const log : {"publisher/publisher.log", "publisher/publisher.log.out", "forwarder/forwarder.log",
                                "forwarder/forwarder.log.out", "central.log", "central.log.out"})
    said += read_file(road.folder.path() / log);

  CHECK(said.find("connected") != std::string::npos);
  CHECK(said.find("MQTTAsync_connect") != std::string::npos);  // Paho's trace
  CHECK(said.find("(secret ") != std::string::npos);           // the group, shown as a number
  CHECK(said.find("client_id=solar-forwarder-5f7d-x2k4p-(secret)") != std::string::npos);
  for (auto secret : secrets) {
    while (secret.ends_with('\n')) secret.pop_back();
    REQUIRE(secret.size() >= 12);
    CHECK(said.find(secret) == std::string::npos);
  }
  CHECK(own_lines(said).find(read_file(road.file("forwarder/client-word"))) == std::string::npos);
}

TEST_CASE("a token that central stops to take loses nothing, and a new one is taken up without a restart") {
  EncryptedRoad road;
  road.start_central();
  road.forwarder.start();
  road.publisher.start();
  REQUIRE(road.delivers(0));
  const auto right = read_file(road.file("forwarder/token"));

  write_secret(road.file("forwarder/token"), "wrong");
  REQUIRE(road.brings_to_say("central answered 401: check API_TOKEN_FILE"));
  CHECK(eventually([&] { return road.publisher.status("waiting") != "0"; }));
  fs::permissions(road.file("forwarder/token"), fs::perms::owner_read | fs::perms::others_read);
  REQUIRE(road.brings_to_say("is open to everybody on this machine"));
  write_secret(road.file("forwarder/token"), right);

  CHECK(road.drains());
}

TEST_CASE("central's new CA and the forwarder's new certificate are taken up without a restart") {
  EncryptedRoad road;
  road.start_central();
  road.forwarder.start();
  road.publisher.start();
  REQUIRE(road.delivers(0));

  // Another CA for central's door, both ways.
  const auto ca = road.credentials.strange_ca();
  const auto server =
      road.credentials.issue({.common_name = "central", .usage = "serverAuth", .hosts = "DNS:localhost", .issuer = ca});
  const auto client = road.credentials.issue({.common_name = "forwarder", .issuer = ca});
  write_secret(road.file("central/server.crt"), read_file(server.certificate));
  write_secret(road.file("central/server.key"), read_file(server.key));
  write_secret(road.file("central/ca.crt"), read_file(ca / "ca.crt"));
  road.central->stop();
  road.start_central();
  road.publisher.feed_numbers(10, 10);
  REQUIRE(road.forwarder.process().wait_for_line("failed: SSL certificate problem"));
  CHECK(eventually([&] { return road.publisher.status("waiting") != "0"; }));
  write_secret(road.file("forwarder/client.key"), read_file(client.key));
  write_secret(road.file("forwarder/client.crt"), read_file(client.certificate));
  write_secret(road.file("forwarder/ca.crt"), read_file(ca / "ca.crt"));

  CHECK(road.drains());
}
