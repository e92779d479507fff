// Our own files: what is missing, open to all or does not fit is told, nothing dies of it, and what changes is taken
// up.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

using namespace solar::test;

namespace {

namespace fs = std::filesystem;

constexpr auto kOwner = fs::perms::owner_read | fs::perms::owner_write;

/// A publisher whose files are copies of its own, to do harm to.
struct Country {
  const Credentials& credentials{common_credentials()};
  Stronghold broker{credentials};
  TemporaryDirectory folder;
  Identity own;
  Watcher observer{broker, credentials.own("observer"), "solar/Bamenda/main/#"};
  std::optional<Publisher> publisher;

  Country() {
    fs::copy(credentials.path() / "villages/Bamenda", folder.path() / "own");
    own = {folder.path() / "own/ca.crt", folder.path() / "own/client.crt", folder.path() / "own/client.key"};
    set(own.for_us());
  }
  void set(const Flags& flags) {
    publisher.emplace(
        folder.path() / "publisher",
        Publisher::Options{.broker_url = broker.url(), .extra = joined({"--reconnect-max", "200ms"}, flags)});
  }
  /// It runs, says `words`, and lives on.
  [[nodiscard]] bool runs_and_says(const std::string& words) {
    publisher->start();
    const bool said = publisher->process().wait_for_line(words).has_value();
    INFO(publisher->process().log());
    CHECK(said);
    CHECK(publisher->process().running());
    return said;
  }
  [[nodiscard]] bool connects() { return publisher->process().wait_for_line("connected").has_value(); }
  [[nodiscard]] Finished check() const { return publisher->command({"check"}); }
};

bool says(const Finished& check, const std::string& words) {
  INFO(check.output << check.log);
  const bool said = check.exit.status == 1 && check.output.find(words) != std::string::npos;
  CHECK(said);
  return said;
}

}  // namespace

TEST_CASE("a certificate that is not there yet is waited for") {
  Country country;
  fs::rename(country.own.certificate, country.folder.path() / "later");
  const auto words = "the certificate file " + country.own.certificate.string() + " cannot be read: No such file";
  CHECK(says(country.check(), words));
  REQUIRE(country.runs_and_says(words));

  fs::rename(country.folder.path() / "later", country.own.certificate);

  CHECK(country.connects());
  country.publisher->stop();
  CHECK(country.check().exit.status == 0);
}

TEST_CASE("a CA file that is not there, or holds nothing, is told") {
  Country country;
  CHECK(country.check().exit.status == 0);

  write_file(country.own.ca, "no certificate\n");
  CHECK(says(country.check(), "the CA file " + country.own.ca.string() + " holds no certificate in PEM form"));
  fs::remove(country.own.ca);
  CHECK(says(country.check(), "the CA file " + country.own.ca.string() + " cannot be read: No such file"));
}

TEST_CASE("a key that is missing, rubbish or another's is told") {
  Country country;
  CHECK(country.check().exit.status == 0);
  const auto file = country.own.key.string();

  write_secret(country.own.key, read_file(country.credentials.village("Buea").key));
  CHECK(says(country.check(), "the key in " + file + " does not belong to the certificate in"));
  write_secret(country.own.key, "rubbish\n");
  CHECK(says(country.check(), "the key file " + file + " holds no private key in PEM form"));
  fs::remove(country.own.key);
  CHECK(says(country.check(), "the key file " + file + " cannot be read: No such file"));
}

TEST_CASE("a key that everybody may read is refused until it is not; its group may read it") {
  Country country;
  fs::permissions(country.own.key, kOwner | fs::perms::group_read | fs::perms::others_read);
  const auto words = "the key file " + country.own.key.string() + " is open to everybody on this machine (mode 0644)";
  CHECK(says(country.check(), words));
  REQUIRE(country.runs_and_says(words));
  CHECK(country.broker.process().log().find("u'Bamenda'") == std::string::npos);

  fs::permissions(country.own.key, fs::perms::owner_read | fs::perms::group_read);  // Kubernetes: 0440

  CHECK(country.connects());
}

TEST_CASE("a password that is missing, empty or for everybody to read is refused until it is right") {
  Country country;
  const auto file = country.folder.path() / "own/password";
  country.publisher->options().broker_url = "mqtts://localhost:" + std::to_string(country.broker.passwords());
  country.publisher->options().extra = {
      "--mqtt-ca-file", country.own.ca.string(), "--mqtt-username", "Bamenda", "--reconnect-max",
      "200ms",          "--mqtt-password-file",  file.string()};
  CHECK(country.check().exit.status == 0);
  const auto right = read_file(file);

  fs::permissions(file, kOwner | fs::perms::others_read);
  CHECK(says(country.check(),
             "the password file " + file.string() + " is open to everybody on this machine (mode 0604)"));
  write_secret(file, "\n");
  CHECK(says(country.check(), "the password file " + file.string() + " is empty"));
  write_secret(file, "wrong");
  CHECK(says(country.check(), "login denied"));
  fs::remove(file);
  REQUIRE(country.runs_and_says("the password file " + file.string() + " cannot be read: No such file"));

  write_secret(file, right);

  CHECK(country.connects());
}

TEST_CASE("settings that contradict each other end the program at once, with one line") {
  const auto say = [](const Flags& flags) {
    return run({sibling("solar-publisher"), joined({"run", "--village", "Bamenda"}, flags), {}});
  };
  const auto key_alone = say({"--broker-url", "mqtts://localhost", "--mqtt-key-file", "/k"});
  const auto plain = say({"--broker-url", "mqtt://localhost", "--mqtt-ca-file", "/ca"});
  const auto password_alone = say({"--broker-url", "mqtts://localhost", "--mqtt-password-file", "/p"});
  const auto password_seen =
      say({"--broker-url", "ws://broker.example", "--mqtt-username", "u", "--mqtt-password-file", "/p"});
  const auto token_seen =
      run({sibling("solar-forwarder"), {"run", "--api-url", "http://x/", "--api-token-file", "/t"}, {}});
  const auto api = run({sibling("solar-forwarder"), {"check", "--api-url", "http://x/", "--api-ca-file", "/ca"}, {}});

  for (const auto& [finished, words] : {std::pair{key_alone, "mqtt-key-file without mqtt-certificate-file"},
                                        std::pair{plain, "mqtt-ca-file is set, but this address is not encrypted"},
                                        std::pair{password_alone, "mqtt-password-file without mqtt-username"},
                                        std::pair{password_seen, "mqtt-password-file is set, but this address is not"},
                                        std::pair{token_seen, "api-token-file is set, but this address is not"},
                                        std::pair{api, "api-ca-file is set, but this address is not encrypted"}}) {
    INFO(finished.log);
    CHECK(finished.exit == Exit{2, false});
    CHECK(finished.log.find(words) != std::string::npos);
  }
  CHECK(run({sibling("solar-forwarder"),
             {"check", "--offline", "--api-url", "https://x/", "--api-ca-file", "/ca", "--broker-url",
              "mqtts://localhost", "--mqtt-username", "u", "--mqtt-password-file", "/p"},
             {}})
            .exit.status == 0);
}

TEST_CASE("an address with a password in it ends the program at once, and is not repeated") {
  const auto publisher = [](const std::string& url) {
    return run({sibling("solar-publisher"), {"run", "--village", "Bamenda", "--broker-url", url}, {}});
  };
  const auto forwarder = [](const std::string& url) {
    return run({sibling("solar-forwarder"), {"check", "--offline", "--api-url", url}, {}});
  };

  for (const auto& finished : {publisher("mqtts://me:hunter2@localhost"), publisher("tcp://me:hunter2@localhost"),
                               forwarder("https://me:hunter2@localhost/"), forwarder("ftp://me:hunter2@localhost/")}) {
    INFO(finished.log);
    CHECK(finished.exit == Exit{2, false});
    CHECK(finished.log.find("no user name and no password belongs into an address: ") != std::string::npos);
    CHECK((finished.log + finished.output).find("hunter2") == std::string::npos);
  }
  CHECK(forwarder("https://localhost/").exit.status == 0);
}
