// Whom the forwarder trusts at central's address, what central asks of it, and what is said of each fault.
#include <unistd.h>

#include "tests/security/credentials.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"
#include "tests/support/wait.hpp"

using namespace solar::test;

namespace {

namespace fs = std::filesystem;

constexpr auto kOwner = fs::perms::owner_read | fs::perms::owner_write;

/// solar-central over TLS, by default with the certificate that make-credentials gave it.
class EncryptedCentral {
 public:
  explicit EncryptedCentral(const Flags& more = {}, std::optional<Identity> server = std::nullopt) {
    const auto own = common_credentials().path() / "central";
    if (!server) server = Identity{{}, own / "server.crt", own / "server.key"};
    const Flags flags{"--listen",           "127.0.0.1:" + std::to_string(port_), "--database", folder_.path() / "db",
                      "--certificate-file", server->certificate.string(),         "--key-file", server->key.string()};
    process_.emplace(Command{sibling("solar-central"), joined(flags, more), {}}, folder_.path() / "central.log");
    REQUIRE(process_->wait_for_line("listening"));
    REQUIRE(eventually([this] { return connect_to(port_).valid(); }));
  }
  [[nodiscard]] std::string url(const std::string& host = "localhost", const std::string& scheme = "https") const {
    return scheme + "://" + host + ":" + std::to_string(port_) + "/api/solar";
  }

 private:
  TemporaryDirectory folder_;
  std::uint16_t port_{free_port()};
  std::optional<Process> process_;
};

Identity our_ca() { return {common_credentials().path() / "ca/ca.crt", {}, {}}; }
Identity forwarder() { return common_credentials().own("forwarder"); }
Flags with_token(const fs::path& file) { return {"--api-token-file", file.string()}; }

/// The line that `solar-forwarder check` says of central; of the broker, where nobody is, it says another.
std::string check(const std::string& url, const Flags& flags, Environment environment = {}) {
  environment.emplace_back("OPENSSL_CONF", "/dev/null");  // behind a test's own, which wins
  const auto checked =
      run({sibling("solar-forwarder"), joined({"check", "--broker-url", "mqtt://127.0.0.1:9", "--api-url", url}, flags),
           environment});
  const auto at = checked.output.find("central ");
  return at == std::string::npos ? "no line: " + checked.log : checked.output.substr(at);
}

bool trusted(const std::string& line) {
  INFO(line);
  const bool ok = line.starts_with("central  ok");
  CHECK(ok);
  return ok;
}

bool refused(const std::string& line, const std::string& words) {
  INFO(line);
  const bool said = line.starts_with("central  FAILED") && line.find(words) != std::string::npos;
  CHECK(said);
  return said;
}

Wish server() { return {.common_name = "central", .usage = "serverAuth", .hosts = "DNS:localhost"}; }

}  // namespace

TEST_CASE("a central of an unknown CA is not trusted") {
  const EncryptedCentral central;

  CHECK(trusted(check(central.url(), our_ca().for_us("--api-"))));
  CHECK(trusted(check(central.url("127.0.0.1"), our_ca().for_us("--api-"))));
  CHECK(refused(check(central.url(), {}), "unable to get local issuer certificate"));
  CHECK(refused(check(central.url(), {"--api-ca-file", (common_credentials().strange_ca() / "ca.crt").string()}),
                "unable to get local issuer certificate"));
}

TEST_CASE("a central that is its own authority is not trusted, unless it is the one that was named") {
  const auto folder = common_credentials().strange_ca();
  const EncryptedCentral central{{}, Identity{{}, folder / "ca.crt", folder / "ca.key"}};
  const EncryptedCentral right;

  CHECK(refused(check(central.url(), our_ca().for_us("--api-")), "self-signed certificate"));
  CHECK(trusted(check(right.url(), our_ca().for_us("--api-"))));
}

TEST_CASE("a central with an expired certificate is not trusted") {
  auto wish = server();
  wish.made_on = "2020-01-01";
  const EncryptedCentral central{{}, common_credentials().issue(wish)};
  const EncryptedCentral right{{}, common_credentials().issue(server())};

  CHECK(refused(check(central.url(), our_ca().for_us("--api-")), "certificate has expired; the clock here says"));
  CHECK(trusted(check(right.url(), our_ca().for_us("--api-"))));
}

TEST_CASE("a central whose certificate begins later is not trusted, and the clock is suspected") {
  const EncryptedCentral central;

  const auto late = check(central.url(), our_ca().for_us("--api-"), clock_of("1970-01-01 00:10:00"));

  CHECK(refused(late, "certificate is not yet valid; the clock here says 1970-01-01T"));
  CHECK(refused(late, "most likely it is late"));
  CHECK(trusted(check(central.url(), our_ca().for_us("--api-"))));
}

TEST_CASE("a central with another host's certificate is not trusted") {
  auto wish = server();
  wish.hosts = "DNS:elsewhere.example";
  const EncryptedCentral central{{}, common_credentials().issue(wish)};
  const EncryptedCentral right{{}, common_credentials().issue(server())};

  CHECK(refused(check(central.url(), our_ca().for_us("--api-")), "target host name 'localhost'"));
  CHECK(trusted(check(right.url(), our_ca().for_us("--api-"))));
}

TEST_CASE("a central that wants a certificate gets none from whoever has none") {
  const EncryptedCentral central{{"--client-ca-file", our_ca().ca.string()}};
  const auto stranger =
      common_credentials().issue({.common_name = "forwarder", .issuer = common_credentials().strange_ca()});

  CHECK(trusted(check(central.url(), forwarder().for_us("--api-"))));
  // Its complaint can be lost behind its hanging up.
  CHECK(refused(check(central.url(), our_ca().for_us("--api-")), "API_CERTIFICATE_FILE"));
  CHECK(refused(check(central.url(), stranger.for_us("--api-")), "take API_CERTIFICATE_FILE"));
}

TEST_CASE("a village's certificate does not open central, though it is of the same CA") {
  const EncryptedCentral central{{"--client-ca-file", our_ca().ca.string(), "--client-name", "forwarder"}};

  CHECK(trusted(check(central.url(), forwarder().for_us("--api-"))));
  CHECK(refused(check(central.url(), common_credentials().village("Buea").for_us("--api-")), "central answered 403"));
}

// Curl's library has a folder of CAs compiled in, which no variable moves: so the test puts another in its place.
TEST_CASE("where a CA file is set, the system's CAs do not count") {
  const auto strange = common_credentials().strange_ca();
  const EncryptedCentral central{
      {},
      common_credentials().issue(
          {.common_name = "central", .usage = "serverAuth", .hosts = "DNS:localhost", .issuer = strange})};
  const TemporaryDirectory system;
  fs::copy(strange / "ca.crt", system.path() / "ca-certificates.crt");
  REQUIRE(run({"openssl", {"rehash", system.path().string()}, {}}).exit.status == 0);
  const auto check_there = [&](const std::string& flags) {
    const auto command = "mount --bind " + system.path().string() + " /etc/ssl/certs && exec " +
                         sibling("solar-forwarder").string() + " check --broker-url mqtt://127.0.0.1:9 --api-url " +
                         central.url() + flags;
    const Flags own_mounts = ::geteuid() == 0 ? Flags{"--mount"} : Flags{"--map-root-user", "--mount"};
    return run({"unshare", joined(own_mounts, {"sh", "-c", command}), {}}).output;
  };
  const auto with_the_systems = check_there("");
  if (with_the_systems.find("central  ") == std::string::npos) {
    WARN("skipped: nobody may have mounts of his own here");
    return;
  }

  CHECK(with_the_systems.find("central  ok") != std::string::npos);
  CHECK(check_there(" --api-ca-file " + our_ca().ca.string()).find("unable to get local issuer certificate") !=
        std::string::npos);
}

TEST_CASE("a central that speaks nothing newer than TLS 1.1 is not spoken to") {
  const TemporaryDirectory folder;
  const auto own = common_credentials().issue(server());
  const auto port = free_port();
  const Process old{
      Command{"openssl",
              {"s_server", "-accept", "127.0.0.1:" + std::to_string(port), "-cert", own.certificate.string(), "-key",
               own.key.string(), "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-quiet"},
              {{"OPENSSL_CONF", "/dev/null"}}},
      folder.path() / "log"};
  REQUIRE(eventually([&] { return connect_to(port).valid(); }));
  const EncryptedCentral right{{}, own};

  CHECK(refused(
      check("https://localhost:" + std::to_string(port) + "/", our_ca().for_us("--api-"), lax_openssl(folder.path())),
      "protocol"));
  CHECK(trusted(check(right.url(), our_ca().for_us("--api-"))));
}

TEST_CASE("plain HTTP and TLS that meet are told as such") {
  const EncryptedCentral encrypted;
  const TemporaryDirectory folder;
  const Central plain{folder.path()};
  const auto plain_port = std::to_string(plain.port());

  CHECK(refused(check(encrypted.url("localhost", "http"), {}), "is that a port for TLS? then write https://"));
  CHECK(refused(check("https://127.0.0.1:" + plain_port + "/api/solar", our_ca().for_us("--api-")),
                "TLS to 127.0.0.1:" + plain_port + " failed"));
  CHECK(trusted(check(encrypted.url(), our_ca().for_us("--api-"))));
  CHECK(trusted(check(plain.url(), {})));
}

TEST_CASE("a token that is missing, empty, wrong or for everybody to read is refused") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "token";
  write_secret(file, "the-right-token\n");
  const EncryptedCentral central{{"--token-file", file.string()}};
  const auto ask = [&] { return check(central.url(), joined(our_ca().for_us("--api-"), with_token(file))); };
  CHECK(trusted(ask()));
  CHECK(refused(check(central.url(), our_ca().for_us("--api-")), "central answered 401: check API_TOKEN_FILE"));

  fs::permissions(file, kOwner | fs::perms::group_read | fs::perms::others_read);
  CHECK(refused(ask(), "API_TOKEN_FILE " + file.string() + " is open to everybody on this machine (mode 0644)"));
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read);
  CHECK(trusted(ask()));
  write_secret(file, "a-wrong-token\n");
  CHECK(refused(ask(), "central answered 401: check API_TOKEN_FILE"));
  write_secret(file, "");
  CHECK(refused(ask(), "API_TOKEN_FILE " + file.string() + " must hold one line"));
  fs::remove(file);
  CHECK(refused(ask(), "API_TOKEN_FILE " + file.string() + " cannot be read: No such file"));
}

TEST_CASE("a key for central that everybody may read, or that does not fit, is refused") {
  const EncryptedCentral central{{"--client-ca-file", our_ca().ca.string()}};
  const auto own = common_credentials().issue({.common_name = "forwarder"});
  auto crossed = own;
  crossed.key = forwarder().key;
  CHECK(trusted(check(central.url(), own.for_us("--api-"))));

  CHECK(refused(check(central.url(), crossed.for_us("--api-")), "does not belong to the certificate in"));
  fs::permissions(own.key, kOwner | fs::perms::others_read);
  CHECK(refused(check(central.url(), own.for_us("--api-")), "is open to everybody on this machine (mode 0604)"));
  fs::remove(own.certificate);
  CHECK(refused(check(central.url(), own.for_us("--api-")),
                "the certificate file " + own.certificate.string() + " cannot be read"));
}
