// The door for plain devices: user name and password, over TLS.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"

using namespace solar::test;

namespace {

struct Country {
  const Credentials& credentials{common_credentials()};
  Stronghold broker{credentials};
  std::string right{credentials.password("Bamenda")};

  [[nodiscard]] Finished say(const std::string& user, const std::string& password,
                             const std::string& topic = "solar/Bamenda/main/readings") const {
    return publish_by_password(broker, credentials, user, password, topic, "x");
  }
};

}  // namespace

TEST_CASE("nobody gets in without a user name") {
  const Country country;

  CHECK(turned_away(country.say("", "")));
  CHECK(went_well(country.say("Bamenda", country.right)));
}

TEST_CASE("a wrong password, or none, opens nothing") {
  const Country country;

  CHECK(turned_away(country.say("Bamenda", "wrong")));
  CHECK(turned_away(country.say("Bamenda", "")));
  CHECK(turned_away(country.say("Bamenda", country.right + "x")));
  CHECK(turned_away(country.say("Bamenda", country.right.substr(1))));
  CHECK(went_well(country.say("Bamenda", country.right)));
}

TEST_CASE("one village's password does not open for another") {
  const Country country;

  CHECK(turned_away(country.say("Buea", country.right)));
  CHECK(denied(country.say("Bamenda", country.right, "solar/Buea/main/readings")));
  CHECK(went_well(country.say("Buea", country.credentials.password("Buea"), "solar/Buea/main/readings")));
}

TEST_CASE("the forwarder's, the observer's and the health check's names have no password") {
  const Country country;

  for (const std::string user : {"forwarder", "observer", "health"}) {
    for (const std::string& password : {std::string{}, std::string{"forwarder"}, country.right}) {
      INFO(user);
      CHECK(turned_away(country.say(user, password, "solar/Bamenda/main/receipts")));
    }
  }
  CHECK(went_well(
      publish(country.broker, country.credentials.own("forwarder"), "solar/Bamenda/main/receipts", "rightful")));
}

TEST_CASE("passwords are hashed where the broker keeps them") {
  const Country country;

  const auto passwords = read_file(country.credentials.path() / "broker/passwords");

  CHECK(passwords.find("Bamenda:$7$") != std::string::npos);
  CHECK(passwords.find(country.right) == std::string::npos);
}
