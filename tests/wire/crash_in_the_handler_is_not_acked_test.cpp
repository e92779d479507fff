// What a forwarder could not commit has no PUBACK: the broker delivers it again, to it or to another.
#include <atomic>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;
using mqtt::Type;

namespace {

const std::string kTopic = "solar/Bamenda/main/readings";

std::string large_reading(int n) {
  return R"({"power_kw":1,"n":)" + std::to_string(n) + R"(,"x":")" + std::string(8'000, 'x') + "\"}";
}

/// Whatever central was ever sent: a full inbox loses none of it.
std::set<std::string> readings_at(const ScriptedHttp& central) {
  std::set<std::string> bodies;
  for (const auto& request : central.requests()) bodies.insert(request.body);
  return bodies;
}

}  // namespace

TEST_CASE("an inbox that is full ends the process without a PUBACK, and the reading arrives after the next start") {
  ScriptedBroker broker;
  const TemporaryDirectory folder;
  std::atomic<int> status{503};
  ScriptedHttp central{[&](const ScriptedRequest&) { return http_answer(status); }};
  Forwarder forwarder{folder.path() / "forwarder", {broker.url(), central.url()}};
  forwarder.options().extra = {"--inbox-max", "1MiB"};
  forwarder.start_without_waiting();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  // A broker that goes on although the forwarder wants to leave.
  std::uint16_t acked = 0;
  for (bool goes_on = true; goes_on;) {
    client.deliver(kTopic, large_reading(acked + 1), static_cast<std::uint16_t>(acked + 1));
    goes_on = client.acked(static_cast<std::uint16_t>(acked + 1));
    if (goes_on) ++acked;
    REQUIRE(acked < 200);
  }

  CHECK(client.peer().closed());
  CHECK(forwarder.process().wait() == Exit{75, false});
  status = 200;
  forwarder.start_without_waiting();
  auto again = broker.next_client();
  again.welcome(kForwarderSubscriptions, true);
  again.deliver(kTopic, large_reading(acked + 1), 1);
  CHECK(again.acked(1));
  CHECK(eventually([&] { return readings_at(central).size() == acked + 1U; }));
  CHECK(eventually([&] { return forwarder.status("waiting") == "0"; }));
}

TEST_CASE("a forwarder that is killed with a message on its way has not acknowledged it") {
  ScriptedBroker broker;
  const TemporaryDirectory folder;
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  Forwarder forwarder{folder.path() / "forwarder", {broker.url(), central.url()}};
  forwarder.start_without_waiting();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  forwarder.process().signal(19);  // SIGSTOP: the message waits at its socket
  client.deliver(kTopic, R"({"power_kw":120})", 1);
  forwarder.kill();

  CHECK_FALSE(client.next(Type::Puback));
  CHECK(client.peer().closed());
  forwarder.start_without_waiting();
  auto again = broker.next_client();
  again.welcome(kForwarderSubscriptions, true);
  again.deliver(kTopic, R"({"power_kw":120})", 1);
  CHECK(again.acked(1));
  CHECK(eventually([&] { return readings_at(central).size() == 1; }));
}
