// Who gets in at all: certificates, and what is wrong with them.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"

using namespace solar::test;

namespace {

struct Country {
  const Credentials& credentials{common_credentials()};
  Stronghold broker{credentials};

  /// Whether somebody with this certificate gets in as Bamenda.
  [[nodiscard]] bool lets_in(const Identity& who, const Flags& extra = {}) const {
    return went_well(publish(broker, who, "solar/Bamenda/main/readings", "x", extra));
  }
  [[nodiscard]] bool said(std::string_view words) const {
    return eventually([&] { return broker.process().log().find(words) != std::string::npos; });
  }
};

constexpr const char* kOldTls = "DEFAULT@SECLEVEL=0";

/// What openssl s_client says of a connection with this version; without Debian's own least version.
Finished hello(const Country& country, std::uint16_t port, const std::string& version) {
  const auto bamenda = country.credentials.village("Bamenda");
  return run({"openssl",
              {"s_client", "-connect", "localhost:" + std::to_string(port), version, "-cipher", kOldTls, "-CAfile",
               bamenda.ca.string(), "-cert", bamenda.certificate.string(), "-key", bamenda.key.string(), "-brief"},
              {{"OPENSSL_CONF", "/dev/null"}}});
}

bool established(const Finished& hello) { return hello.log.find("CONNECTION ESTABLISHED") != std::string::npos; }

}  // namespace

TEST_CASE("nobody gets in without a certificate") {
  const Country country;
  auto bamenda = country.credentials.village("Bamenda");
  CHECK(country.lets_in(bamenda));

  bamenda.certificate.clear();

  CHECK_FALSE(country.lets_in(bamenda));
  CHECK_FALSE(country.lets_in(bamenda, {"-u", "Bamenda", "-P", country.credentials.password("Bamenda")}));
  CHECK(country.said("peer did not return a certificate"));
}

TEST_CASE("at the cluster's own door a village is a village and no more, and nobody gets in without a certificate") {
  const Country country;
  const Flags own{"-p", std::to_string(country.broker.own())};
  auto bamenda = country.credentials.village("Bamenda");
  CHECK(country.lets_in(bamenda, own));
  CHECK(denied(publish(country.broker, bamenda, "solar/Buea/main/readings", "x", own)));

  bamenda.certificate.clear();

  CHECK_FALSE(country.lets_in(bamenda, own));
  CHECK_FALSE(country.lets_in(bamenda, joined(own, {"-u", "Bamenda", "-P", country.credentials.password("Bamenda")})));
}

TEST_CASE("a certificate of another CA opens nothing, whatever name it bears") {
  const Country country;

  CHECK(country.lets_in(country.credentials.issue({.common_name = "Bamenda"})));
  CHECK_FALSE(country.lets_in(
      country.credentials.issue({.common_name = "Bamenda", .issuer = country.credentials.strange_ca()})));
  CHECK(country.said("certificate verify failed"));
}

TEST_CASE("an expired certificate opens nothing") {
  const Country country;

  CHECK_FALSE(country.lets_in(country.credentials.issue({.common_name = "Bamenda", .made_on = "2020-01-01"})));
  CHECK(country.lets_in(country.credentials.issue({.common_name = "Bamenda", .made_on = "2020-01-01", .days = 9'000})));
}

TEST_CASE("a certificate that is not valid yet opens nothing") {
  const Country country;

  CHECK_FALSE(country.lets_in(country.credentials.issue({.common_name = "Bamenda", .made_on = "2090-01-01"})));
  CHECK(country.lets_in(country.credentials.issue({.common_name = "Bamenda"})));
}

TEST_CASE("a server's certificate is no client's, though it is of the same CA") {
  const Country country;

  CHECK_FALSE(country.lets_in(country.credentials.issue({.common_name = "Bamenda", .usage = "serverAuth"})));
  CHECK(country.lets_in(country.credentials.issue({.common_name = "Bamenda", .usage = "clientAuth"})));
}

TEST_CASE("another village's certificate speaks for that village, whatever user name comes with it") {
  const Country country;
  const auto buea = country.credentials.village("Buea");
  const Flags as_bamenda{"-u", "Bamenda", "-P", country.credentials.password("Bamenda")};

  CHECK(denied(publish(country.broker, buea, "solar/Bamenda/main/readings", "x", as_bamenda)));
  CHECK(went_well(publish(country.broker, buea, "solar/Buea/main/readings", "x", as_bamenda)));
}

TEST_CASE("a revoked certificate opens nothing once the broker has the list, and its password neither") {
  const Credentials credentials;
  Stronghold broker{credentials};
  const auto bamenda = credentials.village("Bamenda");
  const auto buea = credentials.village("Buea");
  const auto password = credentials.password("Bamenda");
  CHECK(went_well(publish(broker, bamenda, "solar/Bamenda/main/readings", "x")));
  CHECK(went_well(publish_by_password(broker, credentials, "Bamenda", password, "solar/Bamenda/main/readings", "x")));
  const auto stolen = credentials.path() / "stolen";
  std::filesystem::copy(bamenda.certificate.parent_path(), stolen);
  const Identity thief{stolen / "ca.crt", stolen / "client.crt", stolen / "client.key"};

  credentials.make({"--revoke", "Bamenda"});
  broker.reload();

  const auto enters = [&] { return went_well(publish(broker, thief, "solar/Bamenda/main/readings", "x")); };
  CHECK(eventually([&] { return !enters(); }));
  CHECK(broker.process().log().find("certificate verify failed") != std::string::npos);
  CHECK(turned_away(publish_by_password(broker, credentials, "Bamenda", password, "solar/Bamenda/main/readings", "x")));
  CHECK(went_well(publish(broker, buea, "solar/Buea/main/readings", "x")));
  credentials.make({"Bamenda"});
  broker.reload();
  CHECK(eventually(
      [&] { return went_well(publish(broker, credentials.village("Bamenda"), "solar/Bamenda/main/readings", "x")); }));
  CHECK_FALSE(enters());
}

TEST_CASE("nothing is spoken in plain text at any door") {
  const Country country;

  for (const auto port : {country.broker.certificates(), country.broker.passwords(), country.broker.own()}) {
    const auto plain = run({"mosquitto_pub",
                            {"-h", "localhost", "-p", std::to_string(port), "-u", "Bamenda", "-P",
                             country.credentials.password("Bamenda"), "-t", "solar/Bamenda/main/readings", "-m", "x"},
                            {}});
    CHECK(plain.exit.status != 0);
  }
  CHECK(country.said("wrong version number"));
  CHECK(country.lets_in(country.credentials.village("Bamenda")));
}

TEST_CASE("TLS 1.1 and older is not spoken at any door") {
  const Country country;

  for (const auto port : {country.broker.certificates(), country.broker.passwords(), country.broker.own()}) {
    CHECK_FALSE(established(hello(country, port, "-tls1_1")));
    CHECK_FALSE(established(hello(country, port, "-tls1")));
    CHECK(established(hello(country, port, "-tls1_2")));
    CHECK(established(hello(country, port, "-tls1_3")));
  }
}
