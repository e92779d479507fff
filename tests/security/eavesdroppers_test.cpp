// Who may read what. Mosquitto grants a subscription and drops what may not be read: so these look at what comes.
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
  std::string group{"$share/solar-forwarders-" + read_file(credentials.path() / "forwarder/secret-word") +
                    "/solar/+/+/readings"};
};

}  // namespace

TEST_CASE("a village reads its own receipts and nobody else's") {
  Country country;
  const Watcher own{country.broker, country.bamenda, "solar/Bamenda/+/receipts"};
  const Watcher others{country.broker, country.bamenda, "solar/Buea/+/receipts"};
  const Watcher owner{country.broker, country.buea, "solar/Buea/+/receipts"};

  CHECK(went_well(publish(country.broker, country.forwarder, "solar/Buea/main/receipts", "for Buea")));
  CHECK(went_well(publish(country.broker, country.forwarder, "solar/Bamenda/main/receipts", "for Bamenda")));

  CHECK(own.sees("for Bamenda"));
  CHECK(owner.sees("for Buea"));
  CHECK_FALSE(others.saw("for Buea"));
}

TEST_CASE("a village that subscribes to everything sees its own receipts only") {
  Country country;
  const Watcher curious{country.broker, country.bamenda, "solar/#"};
  const Watcher everything{country.broker, country.bamenda, "#"};
  const Watcher observer{country.broker, country.credentials.own("observer"), "solar/#"};

  for (const std::string channel : {"readings", "presence", "status"})
    CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/" + channel, channel)));
  CHECK(went_well(publish(country.broker, country.forwarder, "solar/Buea/main/dead-letters", "dead-letters")));
  CHECK(went_well(publish(country.broker, country.forwarder, "solar/Bamenda/main/receipts", "own")));

  CHECK(curious.sees("own"));
  CHECK(everything.sees("own"));
  for (const std::string channel : {"readings", "presence", "status", "dead-letters"}) {
    INFO(channel);
    CHECK(observer.sees(channel));
    CHECK_FALSE(curious.saw(channel));
    CHECK_FALSE(everything.saw(channel));
  }
}

TEST_CASE("retained presence and status are not for other villages") {
  Country country;
  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/presence", "online", {"--retain"})));

  const Watcher curious{country.broker, country.bamenda, "solar/Buea/main/presence"};
  const Watcher own{country.broker, country.bamenda, "solar/Bamenda/+/receipts"};
  const Watcher observer{country.broker, country.credentials.own("observer"), "solar/+/+/presence"};
  CHECK(went_well(publish(country.broker, country.forwarder, "solar/Bamenda/main/receipts", "mark")));

  CHECK(observer.sees("online"));
  CHECK(own.sees("mark"));
  CHECK_FALSE(curious.saw("online"));
}

TEST_CASE("a village that knows the group's secret name still reads no reading") {
  Country country;
  {
    const Watcher thief{country.broker, country.bamenda, country.group};

    CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "stolen?")));
    CHECK(went_well(publish(country.broker, country.bamenda, "solar/Bamenda/main/readings", "own")));

    const Watcher mark{country.broker, country.bamenda, "solar/Bamenda/+/receipts"};
    CHECK(went_well(publish(country.broker, country.forwarder, "solar/Bamenda/main/receipts", "mark")));
    CHECK(mark.sees("mark"));
    CHECK_FALSE(thief.saw("stolen?"));
    CHECK_FALSE(thief.saw("own"));
  }
  const Watcher forwarder{country.broker, country.forwarder, country.group};
  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "taken")));
  CHECK(forwarder.sees("taken"));
}

TEST_CASE("a village that guesses another name for the group takes nothing from the forwarders") {
  Country country;
  const Watcher forwarder{country.broker, country.forwarder, country.group};
  const Watcher guess{country.broker, country.bamenda, "$share/solar-forwarders/solar/+/+/readings"};

  for (const std::string payload : {"one", "two", "three", "four"}) {
    CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", payload)));
    CHECK(forwarder.sees(payload));
    CHECK_FALSE(guess.saw(payload));
  }
}

TEST_CASE("the health check's identity reads one number and no reading") {
  Country country;
  const Watcher health{country.broker, country.credentials.own("health"), "$SYS/broker/uptime"};
  const Watcher curious{country.broker, country.credentials.own("health"), "solar/#"};
  const Watcher observer{country.broker, country.credentials.own("observer"), "solar/#"};

  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "private")));

  CHECK(observer.sees("private"));
  CHECK_FALSE(curious.saw("private"));
  CHECK(eventually([&] { return health.process().output().find("seconds>") != std::string::npos; }));
}

TEST_CASE("a retained reading is its own village's, too") {
  Country country;
  const Watcher forwarder{country.broker, country.forwarder, country.group};

  CHECK(denied(publish(country.broker, country.bamenda, "solar/Buea/main/readings", "forged", {"--retain"})));
  CHECK(went_well(publish(country.broker, country.buea, "solar/Buea/main/readings", "retained", {"--retain"})));
  CHECK(forwarder.sees("retained"));
  // Mosquitto deals what is retained again to whoever subscribes, shared or not: were it there, it would come.
  const Watcher later{country.broker, country.forwarder, country.group};

  CHECK(later.sees("retained"));
  CHECK_FALSE(later.saw("forged"));
  CHECK_FALSE(forwarder.saw("forged"));
}
