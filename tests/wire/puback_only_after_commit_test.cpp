// The promise to plain devices: what is PUBACKed is in the inbox.
#include <future>

#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

const std::string kTopic = "solar/Bamenda/main/readings";

/// Holds every commit back, as a slow disk does: by the queue's own lock, which it keeps while it asks about a row.
class SlowDisk {
 public:
  /// REQUIRES: nobody else uses the queue yet.
  explicit SlowDisk(Queue& queue) : queue_{queue} {
    const RowId row = accept_one(queue, plain("Elsewhere", 0), wall_);
    const Rest rest{.row = row, .due_at = wall_ + kRestMax / 2, .round = 1};
    queue.rest({&rest, 1});
    village_ = village_of(queue);
  }
  ~SlowDisk() {
    if (thread_.joinable()) release();
  }
  SlowDisk(const SlowDisk&) = delete;
  SlowDisk& operator=(const SlowDisk&) = delete;

  void hold() {
    thread_ = std::thread{[this] { static_cast<void>(queue_.due(village_, wall_ + kRestMax, wait_, 1)); }};
    REQUIRE(holds_.get_future().wait_for(kPatience) == std::future_status::ready);
  }
  void release() {
    release_.set_value();
    thread_.join();
  }

 private:
  Queue& queue_;
  Millis wall_{SystemClock{}.now().wall};
  VillageNumber village_{};
  std::promise<void> holds_;
  std::promise<void> release_;
  Queue::Skip wait_{[this](std::int64_t) {
    holds_.set_value();
    release_.get_future().wait();
    return true;
  }};
  std::thread thread_;
};

}  // namespace

TEST_CASE("no PUBACK leaves while the commit is held back, and it leaves with the commit") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  SlowDisk disk{forwarder.inbox()};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);
  REQUIRE(forwarder.joins());
  disk.hold();

  client.deliver(kTopic, R"({"power_kw":120})", 7);
  CHECK_FALSE(client.acked(7, 2 * kWatch));

  disk.release();
  CHECK(client.acked(7));
  CHECK(forwarder.on_disk() == 2);  // the other one is the slow disk's
}

TEST_CASE("whenever a PUBACK has come, its reading is in the inbox") {
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), "http://127.0.0.1:9/"};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  for (std::uint16_t n = 1; n <= 50; ++n) {
    client.deliver(kTopic, R"({"power_kw":)" + std::to_string(n) + "}", n);
    REQUIRE(client.acked(n));
    REQUIRE(forwarder.on_disk() == n);
  }
}
