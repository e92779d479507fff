// A broker that is there and says no: readings wait on the disk, the log says what to do, and healing needs no restart.
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEverything = "topic readwrite #\ntopic readwrite $share/#\n";
constexpr const char* kNoReadings =
    "topic read #\ntopic readwrite $share/#\ntopic write solar/+/+/receipts\ntopic write solar/+/+/presence\ntopic "
    "write solar/+/+/status\n"
    "topic write solar-sync/#\n";

void write_passwords(const fs::path& file, const std::string& password) {
  const Finished made = run({"mosquitto_passwd", {"-b", "-c", file.string(), "gateway", password}, {}});
  REQUIRE(made.exit == Exit{0, false});
}

}  // namespace

TEST_CASE("a wrong password keeps readings on the disk until the file holds the right one") {
  const TemporaryDirectory folder;
  write_passwords(folder.path() / "passwords", "right");
  write_secret(folder.path() / "password", "wrong\n");
  Broker broker{folder.path() / "broker", "password_file " + (folder.path() / "passwords").string(), false};
  const Flags login{"--mqtt-username", "gateway", "--mqtt-password-file", (folder.path() / "password").string()};
  Central central{folder.path() / "central"};
  Publisher publisher{folder.path() / "publisher", {broker.url(), "Bamenda", "main", login}};
  Forwarder forwarder{folder.path() / "forwarder", {broker.url(), central.url(), "forwarder-0", login}};
  publisher.start();
  forwarder.start_without_waiting();
  publisher.feed_numbers(0, 10);
  REQUIRE(publisher.accepts(10));
  REQUIRE(publisher.process().wait_for_line("password"));
  REQUIRE(forwarder.process().wait_for_line("password"));

  write_secret(folder.path() / "password", "right\n");

  CHECK(central.gets(10));
  CHECK(eventually([&] { return publisher.status("waiting") == "0"; }));
  for (const std::string& log : {publisher.process().log(), forwarder.process().log()}) {
    CHECK(log.find("wrong") == std::string::npos);
    CHECK(log.find("=right") == std::string::npos);
  }
}

TEST_CASE("a denied topic keeps readings on the disk until the broker allows it") {
  const TemporaryDirectory folder;
  write_file(folder.path() / "acl", kNoReadings);
  Broker broker{folder.path() / "broker", "acl_file " + (folder.path() / "acl").string()};
  Central central{folder.path() / "central"};
  Forwarder forwarder{folder.path() / "forwarder", {broker.url(), central.url()}};
  Publisher publisher{folder.path() / "publisher", {broker.url()}};
  forwarder.start();
  publisher.start();
  publisher.feed_numbers(0, 10);
  REQUIRE(publisher.accepts(10));
  REQUIRE(publisher.process().wait_for_line("ACL"));
  CHECK(publisher.status("waiting") == "10");

  write_file(folder.path() / "acl", kEverything);
  broker.reload();

  CHECK(central.gets(10));
  CHECK(eventually([&] { return publisher.status("waiting") == "0"; }));
}

TEST_CASE("a broker that restarts again and again loses nothing") {
  Road road;
  road.start();
  for (int restart = 0; restart < 4; ++restart) {
    road.publisher.feed_numbers(restart * 100, 100);
    REQUIRE(road.publisher.accepts(static_cast<std::size_t>(restart + 1) * 100));
    road.broker.restart();
  }

  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

TEST_CASE("a link that is cut again and again loses nothing") {
  Road road;
  TcpProxy link{road.broker.port()};
  road.publisher.options().broker_url = "mqtt://127.0.0.1:" + std::to_string(link.port());
  road.start();
  for (int cut = 0; cut < 5; ++cut) {
    road.publisher.feed_numbers(cut * 200, 200);
    REQUIRE(road.publisher.accepts(static_cast<std::size_t>(cut + 1) * 200));
    link.cut();
  }

  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

TEST_CASE("an unresolvable broker is one clear line, and readings are kept") {
  Road road;
  road.publisher.options().broker_url = "mqtt://no-such-host.invalid:1883";
  road.publisher.start();
  road.publisher.feed_numbers(0, 5);

  REQUIRE(road.publisher.accepts(5));
  CHECK(road.publisher.process().wait_for_line("no connection to the broker"));
  CHECK(road.publisher.status("waiting") == "5");
}

}  // namespace solar::test
