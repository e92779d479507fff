// A village speaks for itself, and for nobody else: the ACL that we ship, on a real broker.
#include "tests/security/stronghold.hpp"
#include "tests/support/catch.hpp"

using namespace solar::test;

namespace {

struct Country {
  const Credentials& credentials{common_credentials()};
  Stronghold broker{credentials};
  Identity bamenda{credentials.village("Bamenda")};
  Identity buea{credentials.village("Buea")};
  Identity forwarder{credentials.own("forwarder")};
  Watcher observer{broker, credentials.own("observer"), "solar/#"};

  /// Whether `who` may publish there; what is refused must not reach anybody either.
  bool may(const Identity& who, const std::string& topic, const Flags& extra = {}) {
    const auto payload = "message " + std::to_string(++number_);
    const auto published = publish(broker, who, topic, payload, extra);
    CHECK(went_well(published) != denied(published));
    // Rightful, and after it: what was let through before would have come before.
    const auto mark = "mark " + std::to_string(number_);
    CHECK(went_well(publish(broker, forwarder, "solar/Bamenda/main/receipts", mark)));
    CHECK(observer.sees(mark));
    CHECK(observer.saw(payload) == went_well(published));
    return went_well(published);
  }

 private:
  int number_{};
};

}  // namespace

TEST_CASE("a village writes its own readings, presence and status, and nobody else's") {
  Country country;

  for (const std::string channel : {"readings", "presence", "status"}) {
    INFO(channel);
    CHECK(country.may(country.bamenda, "solar/Bamenda/main/" + channel));
    CHECK_FALSE(country.may(country.bamenda, "solar/Buea/main/" + channel));
    CHECK(country.may(country.buea, "solar/Buea/main/" + channel));
  }
}

TEST_CASE("no village writes a receipt, not even to itself") {
  Country country;

  CHECK_FALSE(country.may(country.bamenda, "solar/Bamenda/main/receipts"));
  CHECK_FALSE(country.may(country.bamenda, "solar/Buea/main/receipts"));
  CHECK(country.may(country.forwarder, "solar/Buea/main/receipts"));
}

TEST_CASE("no village writes dead letters") {
  Country country;

  CHECK_FALSE(country.may(country.bamenda, "solar/Bamenda/main/dead-letters"));
  CHECK_FALSE(country.may(country.bamenda, "solar/Buea/main/dead-letters"));
  CHECK(country.may(country.forwarder, "solar/Bamenda/main/dead-letters"));
}

TEST_CASE("a village writes nowhere else") {
  Country country;

  for (const std::string topic : {"solar/Bamenda/main/commands", "solar/Bamenda/readings", "solar/Bamenda/a/b/readings",
                                  "solar-sync/forwarder-0/marker", "elsewhere", "solar/bamenda/main/readings"}) {
    INFO(topic);
    CHECK_FALSE(country.may(country.bamenda, topic));
  }
  CHECK(country.may(country.bamenda, "solar/Bamenda/another device/readings"));
}

TEST_CASE("the forwarder writes receipts and dead letters, and speaks for no village") {
  Country country;

  for (const std::string channel : {"readings", "presence", "status"}) {
    INFO(channel);
    CHECK_FALSE(country.may(country.forwarder, "solar/Bamenda/main/" + channel));
    CHECK_FALSE(country.may(country.forwarder, "solar/forwarder/main/" + channel));
  }
  CHECK(country.may(country.forwarder, "solar/Bamenda/main/receipts"));
}

TEST_CASE("whoever only watches writes nothing") {
  Country country;

  for (const std::string name : {"observer", "health"}) {
    for (const std::string channel : {"readings", "receipts", "presence", "status", "dead-letters"}) {
      INFO(name << " " << channel);
      CHECK_FALSE(country.may(country.credentials.own(name), "solar/Bamenda/main/" + channel));
      CHECK_FALSE(country.may(country.credentials.own(name), "solar/" + name + "/main/" + channel));
    }
  }
}

TEST_CASE("a last will cannot forge another village's presence") {
  Country country;
  Watcher dying{country.broker,
                country.bamenda,
                "solar/Bamenda/main/receipts",
                {"--will-topic", "solar/Buea/main/presence", "--will-payload", "forged"}};
  Watcher honest{country.broker,
                 country.bamenda,
                 "solar/Bamenda/main/receipts",
                 {"--will-topic", "solar/Bamenda/main/presence", "--will-payload", "true"}};

  dying.process().kill();
  honest.process().kill();

  CHECK(country.observer.sees("true"));
  CHECK_FALSE(country.observer.saw("forged"));
}
