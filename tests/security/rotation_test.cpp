// Certificates, keys, CAs, passwords and tokens that change on the disk: the next connection has the new ones.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

using namespace solar::test;

namespace {

namespace fs = std::filesystem;

/// `from` and `to` are identities; what stands at `to` is replaced as tools do it: whole.
void replace(const Identity& to, const Identity& from) {
  write_secret(to.ca, read_file(from.ca));
  write_secret(to.key, read_file(from.key));
  write_secret(to.certificate, read_file(from.certificate));
}

Identity copy_of(const Identity& from, const fs::path& folder) {
  fs::create_directories(folder);
  const Identity copy{folder / "ca.crt", folder / "client.crt", folder / "client.key"};
  replace(copy, from);
  return copy;
}

/// The broker's own certificate becomes another.
void serve_with(const Credentials& credentials, const Identity& server) {
  write_secret(credentials.path() / "broker/server.crt", read_file(server.certificate));
  write_secret(credentials.path() / "broker/server.key", read_file(server.key));
}

std::size_t connections(const Process& program) {
  const auto log = program.log();
  std::size_t count = 0;
  for (auto at = log.find(" connected"); at != std::string::npos; at = log.find(" connected", at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a publisher goes on with another CA, certificate and key without a restart") {
  Credentials credentials;
  const Wish server{.common_name = "solar-broker", .usage = "serverAuth", .hosts = "DNS:localhost"};
  auto strange_server = server;
  strange_server.issuer = credentials.strange_ca();
  serve_with(credentials, credentials.issue(strange_server));
  Stronghold broker{credentials};
  const TemporaryDirectory folder;
  auto first = credentials.village("Bamenda");
  first.ca = strange_server.issuer / "ca.crt";
  const auto own = copy_of(first, folder.path() / "own");
  const auto old = copy_of(first, folder.path() / "old");
  Publisher publisher{folder.path() / "publisher",
                      {.broker_url = broker.url(), .extra = joined({"--reconnect-max", "200ms"}, own.for_us())}};
  publisher.start();
  REQUIRE(eventually([&] { return connections(publisher.process()) == 1; }));

  serve_with(credentials, credentials.issue(server));
  credentials.make({"--revoke", "Bamenda"});
  credentials.make({"Bamenda"});
  replace(own, credentials.village("Bamenda"));
  broker.stop();
  broker.start();

  CHECK(eventually([&] { return connections(publisher.process()) == 2; }));
  // With what it began with it would not have come in: neither its CA nor its certificate is any good now.
  auto half_old = old;
  CHECK_FALSE(went_well(publish(broker, half_old, "solar/Bamenda/main/readings", "x")));
  half_old.ca = own.ca;
  CHECK_FALSE(went_well(publish(broker, half_old, "solar/Bamenda/main/readings", "x")));
  CHECK(went_well(publish(broker, own, "solar/Bamenda/main/readings", "x")));
}

TEST_CASE("a publisher goes on with another password without a restart") {
  Credentials credentials;
  Stronghold broker{credentials};
  const TemporaryDirectory folder;
  const auto file = folder.path() / "password";
  write_secret(file, credentials.password("Bamenda"));
  Publisher publisher{
      folder.path() / "publisher",
      {.broker_url = "mqtts://localhost:" + std::to_string(broker.passwords()),
       .extra = {"--reconnect-max", "200ms", "--mqtt-ca-file", (credentials.path() / "ca/ca.crt").string(),
                 "--mqtt-username", "Bamenda", "--mqtt-password-file", file.string()}}};
  publisher.start();
  REQUIRE(eventually([&] { return connections(publisher.process()) == 1; }));
  const auto old = credentials.password("Bamenda");

  credentials.make({"--revoke", "Bamenda"});
  credentials.make({"Bamenda"});
  write_secret(file, credentials.password("Bamenda"));
  broker.stop();
  broker.start();

  CHECK(eventually([&] { return connections(publisher.process()) == 2; }));
  CHECK(turned_away(publish_by_password(broker, credentials, "Bamenda", old, "solar/Bamenda/main/readings", "x")));
}

TEST_CASE("a forwarder goes on with the broker's new CA without a restart") {
  Credentials credentials;
  const Wish server{.common_name = "solar-broker", .usage = "serverAuth", .hosts = "DNS:localhost"};
  auto strange_server = server;
  strange_server.issuer = credentials.strange_ca();
  serve_with(credentials, credentials.issue(strange_server));
  Stronghold broker{credentials};
  const TemporaryDirectory folder;
  auto first = credentials.own("forwarder");
  first.ca = strange_server.issuer / "ca.crt";
  const auto own = copy_of(first, folder.path() / "own");
  Forwarder forwarder{folder.path() / "forwarder",
                      {.broker_url = broker.url(),
                       .api_url = "http://127.0.0.1:9/",
                       .extra = joined({"--reconnect-max", "200ms"}, own.for_us())}};
  forwarder.start();
  REQUIRE(connections(forwarder.process()) == 1);

  serve_with(credentials, credentials.issue(server));
  broker.stop();
  broker.start();
  REQUIRE(broker.process().wait_for_line("alert unknown ca"));
  replace(own, credentials.own("forwarder"));

  CHECK(eventually([&] { return connections(forwarder.process()) == 2; }));
}
