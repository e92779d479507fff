// What a forwarder could not commit has no PUBACK: the broker delivers it again, to it or to another.
#include <atomic>
#include <mutex>
#include <set>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

const std::string kTopic = "solar/Bamenda/main/readings";

std::string large_reading(int n) {
  return R"({"power_kw":1,"n":)" + std::to_string(n) + R"(,"x":")" + std::string(8'000, 'x') + "\"}";
}

/// A central that is away until `heal`. What it has is what it answered 200.
class AbsentCentral {
 public:
  [[nodiscard]] std::string url() const { return http_.url(); }
  void heal() { well_ = true; }
  [[nodiscard]] std::size_t readings() const {
    const std::lock_guard lock{mutex_};
    return bodies_.size();
  }

 private:
  ScriptedAnswer answer(const ScriptedRequest& request) {
    if (!well_) return http_answer(503);
    const std::lock_guard lock{mutex_};
    bodies_.insert(request.body);
    return http_answer(200);
  }

  std::atomic<bool> well_{};
  mutable std::mutex mutex_;
  std::set<std::string> bodies_;
  ScriptedHttp http_{[this](const ScriptedRequest& request) { return answer(request); }};  // last: it uses all of them
};

}  // namespace

TEST_CASE("an inbox that is full ends the process without a PUBACK, and the reading arrives after the next start") {
  ScriptedBroker broker;
  const TemporaryDirectory folder;
  AbsentCentral central;
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
  central.heal();
  forwarder.start_without_waiting();
  auto again = broker.next_client();
  again.welcome(kForwarderSubscriptions, true);
  again.deliver(kTopic, large_reading(acked + 1), 1);
  CHECK(again.acked(1));
  CHECK(eventually([&] { return central.readings() == acked + 1U; }));
  CHECK(eventually([&] { return forwarder.status("waiting") == "0"; }));
}
