// Outboxes that exist twice: a cloned card, a restored backup. And ids that devices choose twice.
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/raw_mqtt.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

void copy_outbox(const fs::path& from, const fs::path& to) {
  for (const char* suffix : {"", "-wal"}) {
    fs::remove(to.string() + suffix);
    if (fs::exists(from.string() + suffix)) fs::copy_file(from.string() + suffix, to.string() + suffix);
  }
}

// An outbox with `count` readings that nobody has been sent yet.
void fill_without_broker(Road& road, int count) {
  road.broker.stop();
  road.publisher.start();
  road.publisher.feed_numbers(0, count);
  REQUIRE(road.publisher.accepts(static_cast<std::size_t>(count)));
  road.publisher.stop();
  road.broker.start();
}

}  // namespace

TEST_CASE("a cloned outbox on two gateways at once loses nothing of either") {
  Road road;
  fill_without_broker(road, 50);
  Publisher clone{road.path("clone"), {road.broker.url()}};
  copy_outbox(road.publisher.outbox(), clone.outbox());

  road.start();
  clone.start();
  road.publisher.feed_numbers(1'000, 100);
  clone.feed_numbers(2'000, 100);

  REQUIRE(road.publisher.accepts(150));
  REQUIRE(clone.accepts(100));
  CHECK(road.central.gets(250));
  Ledger ledger;
  ledger.accept_all(road.publisher.accepted());
  ledger.accept_all(clone.accepted());
  CHECK(ledger.size() == 250);
  CHECK(ledger.missing(road.central.values("id")).empty());
  CHECK(road.outbox_drains());
  CHECK(eventually([&] { return clone.status("waiting") == "0"; }));
}

TEST_CASE("an outbox restored from an old copy loses nothing and repeats no id") {
  Road road;
  fill_without_broker(road, 50);
  copy_outbox(road.publisher.outbox(), road.path("backup"));
  road.start();
  road.publisher.feed_numbers(100, 50);
  REQUIRE(road.publisher.accepts(100));
  REQUIRE(road.outbox_drains());
  road.publisher.stop();

  copy_outbox(road.path("backup"), road.publisher.outbox());
  road.publisher.start();
  road.publisher.feed_numbers(200, 50);

  REQUIRE(road.publisher.accepts(150));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(Ledger::duplicates(road.publisher.accepted()).empty());
  CHECK(road.central.readings() == 150);
}

TEST_CASE("an id used twice with another body is two readings") {
  Road road;
  road.forwarder.start();
  mqtt::Peer device = mqtt::connect(road.broker.port(), {.client_id = "device"});

  for (const char* power : {"1", "2", "2"}) {
    mqtt::publish(device, {.topic = "solar/Buea/meter/readings",
                           .payload = std::string{R"({"id":"same","power_kw":)"} + power + "}"});
  }

  REQUIRE(road.central.gets(2));
  CHECK(road.central.values("power_kw").size() == 2);
}

TEST_CASE("the same id from two devices is two readings") {
  Road road;
  road.forwarder.start();
  mqtt::Peer device = mqtt::connect(road.broker.port(), {.client_id = "device"});

  for (const char* name : {"a", "b"}) {
    mqtt::publish(
        device, {.topic = std::string{"solar/Buea/"} + name + "/readings", .payload = R"({"id":"same","power_kw":1})"});
  }

  CHECK(road.central.gets(2));
}

}  // namespace solar::test
