// kill -9 while readings flow: whatever a program holds in its memory is gone, and nothing accepted is.
#include <csignal>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace solar::test {
namespace {

constexpr int kChunk = 300;
constexpr int kDeaths = 3;

// Feeds a chunk and waits until part of it is at central: readings are then at every place of the road.
void flow(Road& road, int chunk) {
  const std::uint64_t before = road.central.readings();
  road.publisher.feed_numbers(chunk * kChunk, kChunk);
  REQUIRE(road.central.gets(before + 20));
}

// Feeds a chunk that the broker has acknowledged to the publisher, and the stopped forwarder has not taken.
void pile_up_in_the_broker(Road& road, int chunk) {
  flow(road, chunk);
  road.forwarder.process().signal(SIGSTOP);
  road.publisher.feed_numbers(10'000 + chunk * kChunk, kChunk);
  REQUIRE(eventually([&] { return std::stoi("0" + road.publisher.status("unconfirmed")) >= 100; }));
}

}  // namespace

TEST_CASE("kill -9 of the publisher while readings flow loses none that it accepted") {
  Road road;
  road.start();
  for (int death = 0; death < kDeaths; ++death) {
    flow(road, death);

    road.publisher.kill();
    road.publisher.start();
  }

  CHECK(road.publisher.accepted().size() > 20 * kDeaths);
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(Ledger::duplicates(road.publisher.accepted()).empty());
}

TEST_CASE("kill -9 of the forwarder while readings flow loses none") {
  Road road;
  road.start();
  for (int death = 0; death < kDeaths; ++death) {
    flow(road, death);

    road.forwarder.kill();
    road.forwarder.start();
  }

  REQUIRE(road.publisher.accepts(kChunk * kDeaths));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(road.central.readings() == kChunk * kDeaths);
}

TEST_CASE("a forwarder that comes back without its inbox loses none") {
  Road road;
  road.start();
  flow(road, 0);

  road.forwarder.kill();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(road.forwarder.inbox().string() + suffix);
  road.forwarder.start();

  REQUIRE(road.publisher.accepts(kChunk));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

TEST_CASE("kill -9 of the broker and the end of its files while readings flow loses none") {
  Road road;
  road.start();
  for (int death = 0; death < kDeaths; ++death) {
    pile_up_in_the_broker(road, death);

    road.broker.kill();
    road.broker.wipe();
    road.broker.start();
    road.forwarder.process().signal(SIGCONT);
  }

  REQUIRE(road.publisher.accepts(2 * kChunk * kDeaths));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(road.central.readings() == 2 * kChunk * kDeaths);
}

TEST_CASE("kill -9 of all three at once loses none") {
  Road road;
  road.start();
  pile_up_in_the_broker(road, 0);

  road.broker.kill();
  road.forwarder.kill();
  road.publisher.kill();
  road.broker.wipe();
  road.broker.start();
  road.start();

  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

TEST_CASE("plain readings that the forwarder took survive its kill -9") {
  Road road;
  road.forwarder.start();
  road.central.answer_always(503);
  const Finished sent = run({"sh",
                             {"-c",
                              "for i in $(seq 50); do echo '{\"power_kw\":'$i'}'; done | mosquitto_pub -V 5 -q 1 -l -t "
                              "solar/Buea/esp32/readings -p " +
                                  std::to_string(road.broker.port())},
                             {}});
  REQUIRE(sent.exit == Exit{0, false});
  REQUIRE(eventually([&] { return road.forwarder.status("waiting") == "50"; }));

  road.forwarder.kill();
  road.central.heal();
  road.forwarder.start();

  CHECK(road.central.gets(50));
}

}  // namespace solar::test
