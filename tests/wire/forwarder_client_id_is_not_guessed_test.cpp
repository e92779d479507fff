// Whoever knows a client id can take it over, and gets the session's share of the readings: they are lost. A host's
// name is known, so a forwarder whose client id is not set adds bits to it, and keeps them: its session waits under it.
#include <unistd.h>

#include <array>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  REQUIRE(::gethostname(name.data(), name.size() - 1) == 0);
  return name.data();
}

/// Of a forwarder that runs in `folder`, until it is killed here.
std::string client_id_of(ScriptedBroker& broker, const std::filesystem::path& folder, const std::string& set) {
  Forwarder forwarder{folder, {.broker_url = broker.url(), .api_url = "http://127.0.0.1:9/", .client_id = set}};
  forwarder.start_without_waiting();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  auto id = client.connect().client_id;
  REQUIRE(forwarder.process().wait_for_line("connected"));
  CHECK((set == id || forwarder.process().log().find(id) == std::string::npos));
  forwarder.kill();
  return id;
}

}  // namespace

TEST_CASE("a forwarder without a client id takes the host's name and bits of its inbox, and shows no bits") {
  ScriptedBroker broker;
  const TemporaryDirectory folder;

  const auto first = client_id_of(broker, folder.path() / "first", "");
  const auto again = client_id_of(broker, folder.path() / "first", "");
  const auto second = client_id_of(broker, folder.path() / "second", "");

  CHECK(first.starts_with(host_name() + "-"));
  CHECK(first.size() == host_name().size() + 1 + 16);
  CHECK(again == first);
  CHECK(second != first);
}

TEST_CASE("a forwarder's client id that is set is used as it is") {
  ScriptedBroker broker;
  const TemporaryDirectory folder;

  CHECK(client_id_of(broker, folder.path(), "forwarder-7") == "forwarder-7");
}
