// What was taken back stays out, whatever was done before, after, or only half.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"

using namespace solar::test;

namespace {

namespace fs = std::filesystem;

/// What a thief has: a copy of all that `who` holds now.
Identity stolen(const Identity& who, const fs::path& folder) {
  fs::create_directories(folder);
  const Identity copy{folder / "ca.crt", folder / "client.crt", folder / "client.key"};
  fs::copy_file(who.ca, copy.ca);
  fs::copy_file(who.certificate, copy.certificate);
  fs::copy_file(who.key, copy.key);
  return copy;
}

/// Whether somebody gets in with it, whatever it may do there, at the broker that has what `credentials` says now.
bool opens(const Credentials& credentials, const Identity& who) {
  const Stronghold broker{credentials};
  const auto said = publish(broker, who, "solar/Bamenda/main/readings", "x");
  return went_well(said) || (denied(said) && !turned_away(said));
}

}  // namespace

TEST_CASE("what was revoked twice stays out when the village gets new credentials, though its folder cannot go") {
  const Credentials credentials;
  const TemporaryDirectory thief;
  const auto old = stolen(credentials.village("Bamenda"), thief.path() / "Bamenda");
  const auto password = credentials.password("Bamenda");
  CHECK(opens(credentials, old));

  credentials.make({"--revoke", "Bamenda"});
  // In compose it is a mount, which can neither be moved nor removed.
  CHECK(fs::is_directory(credentials.path() / "villages/Bamenda"));
  credentials.make({"--revoke", "Bamenda"});
  credentials.make({"Bamenda"});

  CHECK_FALSE(opens(credentials, old));
  CHECK(opens(credentials, credentials.village("Bamenda")));
  const Stronghold broker{credentials};
  const auto enters = [&](const std::string& word) {
    return went_well(publish_by_password(broker, credentials, "Bamenda", word, "solar/Bamenda/main/readings", "x"));
  };
  CHECK_FALSE(enters(password));
  CHECK(enters(credentials.password("Bamenda")));
}

TEST_CASE("a revocation that ended half way is not undone by the next run") {
  const Credentials credentials;
  const TemporaryDirectory thief;
  const auto bamenda = credentials.village("Bamenda");
  const auto old = stolen(bamenda, thief.path() / "Bamenda");
  credentials.make({"--revoke", "Bamenda"});
  fs::copy_file(old.certificate, bamenda.certificate);
  fs::copy_file(old.key, bamenda.key);

  credentials.make({"Bamenda"});

  CHECK_FALSE(opens(credentials, old));
  CHECK(opens(credentials, bamenda));
}

TEST_CASE("revoking takes back the certificates from before a renewal, too") {
  const Credentials credentials;
  const TemporaryDirectory thief;
  const auto bamenda = credentials.village("Bamenda");
  const auto first = stolen(bamenda, thief.path() / "first");
  fs::remove(bamenda.certificate);
  fs::remove(bamenda.key);
  credentials.make({"Bamenda"});
  const auto second = stolen(bamenda, thief.path() / "second");
  CHECK(opens(credentials, first));
  CHECK(opens(credentials, second));

  credentials.make({"--revoke", "Bamenda"});

  CHECK_FALSE(opens(credentials, first));
  CHECK_FALSE(opens(credentials, second));
  CHECK(opens(credentials, credentials.village("Buea")));
}

TEST_CASE("the forwarder's, the observer's and the health check's certificates can be revoked, and get successors") {
  const Credentials credentials;
  const TemporaryDirectory thief;
  const auto secrets = [&] {
    std::vector<std::string> all;
    for (const auto* file : {"token", "secret-word", "client-word", "settings.toml"})
      all.push_back(read_file(credentials.path() / "forwarder" / file));
    return all;
  };
  const auto secrets_before = secrets();

  for (const std::string name : {"forwarder", "observer", "health"}) {
    INFO(name);
    const auto old = stolen(credentials.own(name), thief.path() / name);
    CHECK(opens(credentials, old));

    credentials.make({"--revoke", name});

    CHECK_FALSE(opens(credentials, old));
    CHECK(opens(credentials, credentials.own(name)));
  }
  for (std::size_t number = 0; number < secrets_before.size(); ++number) {
    CHECK_FALSE(secrets()[number].empty());
    CHECK(secrets()[number] != secrets_before[number]);
  }
  CHECK(read_file(credentials.path() / "central/token") == secrets()[0]);
  CHECK(opens(credentials, credentials.village("Bamenda")));
}
