// Names that try to be more than a name.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"

using namespace solar::test;

namespace {

const std::vector<std::string> kForged{"solar/Buea/main/readings", "solar/Bamenda/main/presence",
                                       "solar/Buea/main/receipts"};

void add_password(const Credentials& credentials, const std::string& user, const std::string& password) {
  const auto file = credentials.path() / "broker/passwords";
  REQUIRE(run({"mosquitto_passwd", {"-b", file.string(), user, password}, {}}).exit.status == 0);
}

}  // namespace

TEST_CASE("a certificate with a wildcard for a name speaks for nobody") {
  const auto& credentials = common_credentials();
  const Stronghold broker{credentials};
  const Watcher observer{broker, credentials.own("observer"), "solar/#"};

  for (const std::string name : {"+", "#", "+/+", "Bu+"}) {
    const auto who = credentials.issue({.common_name = name});
    for (const auto& topic : kForged) {
      INFO(name << " " << topic);
      CHECK(denied(publish(broker, who, topic, "forged")));
    }
  }
  CHECK(went_well(publish(broker, credentials.own("forwarder"), "solar/Buea/main/receipts", "rightful")));
  CHECK(observer.sees("rightful"));
  CHECK_FALSE(observer.saw("forged"));
}

TEST_CASE("a certificate whose name is special to the broker is a village of that name and no more") {
  const auto& credentials = common_credentials();
  const Stronghold broker{credentials};
  const Watcher observer{broker, credentials.own("observer"), "solar/#"};

  for (const std::string name : {"$share", "%u", "%c", "Buea/main"}) {
    const auto who = credentials.issue({.common_name = name});
    for (const auto& topic : kForged) {
      INFO(name << " " << topic);
      CHECK_FALSE(went_well(publish(broker, who, topic, "forged")));
    }
    const Watcher curious{broker, who, "solar/#"};
    CHECK(went_well(publish(broker, credentials.own("forwarder"), "solar/Buea/main/receipts", "for " + name)));
    CHECK(observer.sees("for " + name));
    CHECK_FALSE(curious.saw("for " + name));
  }
  CHECK_FALSE(observer.saw("forged"));
}

TEST_CASE("a user with a wildcard for a name speaks for nobody") {
  const Credentials credentials;
  for (const std::string name : {"+", "#", "Bu+"}) add_password(credentials, name, "right");
  const Stronghold broker{credentials};
  const Watcher observer{broker, credentials.own("observer"), "solar/#"};

  for (const std::string name : {"+", "#", "Bu+"}) {
    for (const auto& topic : kForged) {
      INFO(name << " " << topic);
      CHECK(denied(publish_by_password(broker, credentials, name, "right", topic, "forged")));
    }
  }
  CHECK(went_well(publish_by_password(broker, credentials, "Buea", credentials.password("Buea"),
                                      "solar/Buea/main/readings", "honest")));
  CHECK(observer.sees("honest"));
  CHECK_FALSE(observer.saw("forged"));
}

TEST_CASE("a certificate without a name gets in nowhere") {
  const auto& credentials = common_credentials();
  const Stronghold broker{credentials};
  const auto nameless = credentials.issue({.common_name = ""});

  CHECK(publish(broker, nameless, "solar/Bamenda/main/readings", "x").log.find("Connection error") !=
        std::string::npos);
  CHECK(went_well(publish(broker, credentials.issue({.common_name = "Bamenda"}), "solar/Bamenda/main/readings", "x")));
}

TEST_CASE("make-credentials gives nobody a name of the broker's own, nor one that is special to it") {
  const Credentials credentials;
  const auto make = [&](const std::string& name) {
    return run({std::filesystem::path{SOLAR_COMPOSE} / "make-credentials",
                {name},
                {{"CREDENTIALS_DIR", credentials.path().string()}}});
  };

  for (const std::string name : {"forwarder", "observer", "health", "a:b", ".hidden", "-flag", "tab\tbed", ""}) {
    INFO(name);
    const auto made = make(name);
    CHECK(made.exit.status != 0);
    CHECK_FALSE(made.log.empty());
  }
  CHECK(make("Yaound\xC3\xA9 +1").exit.status == 0);
  const Stronghold broker{credentials};
  CHECK(went_well(
      publish(broker, credentials.village("Yaound\xC3\xA9 %2B1"), "solar/Yaound\xC3\xA9 %2B1/main/readings", "x")));
}
