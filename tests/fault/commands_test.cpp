// The commands beside a running `run`, and without one.
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/raw_mqtt.hpp"

namespace solar::test {
namespace {

const std::string kReading = R"({"power_kw":120})";

}  // namespace

TEST_CASE("a second run on the same outbox is turned away with the owner's pid") {
  Road road;
  road.start();
  REQUIRE(road.publisher.process().wait_for_line("connected"));

  const Finished second = road.publisher.command({"run"});

  CHECK(second.exit == Exit{1, false});
  CHECK(second.log.find(std::to_string(road.publisher.process().pid())) != std::string::npos);
  road.publisher.feed_numbers(0, 1);
  CHECK(road.central.gets(1));
}

TEST_CASE("send alone waits for central's receipt") {
  Road road;
  road.forwarder.start();

  const Finished sent = road.publisher.command({"send", kReading, "--timeout", "20s"});

  CHECK(sent.exit == Exit{0, false});
  CHECK((sent.output + sent.log).find("Sync successful") != std::string::npos);
  CHECK(road.central.readings() == 1);
}

TEST_CASE("send works beside a running run") {
  Road road;
  road.start();
  REQUIRE(road.publisher.process().wait_for_line("connected"));

  const Finished sent = road.publisher.command({"send", kReading, "--timeout", "20s"});

  CHECK(sent.exit == Exit{0, false});
  CHECK((sent.output + sent.log).find("Sync successful") != std::string::npos);
  CHECK(road.central.readings() == 1);
}

TEST_CASE("send without a receipt in time exits 1, and the reading goes with the next run") {
  Road road;

  const Finished sent = road.publisher.command({"send", kReading, "--timeout", "500ms"});

  CHECK(sent.exit == Exit{1, false});
  CHECK(road.publisher.status("waiting") == "1");
  road.start();
  CHECK(road.central.gets(1));
}

TEST_CASE("a full outbox refuses new readings: send exits 75, and what is kept arrives") {
  Road road;
  road.publisher.options().extra = {"--outbox-max", "256KiB"};
  const std::string line = R"({"power_kw":1,"x":")" + std::string(4'000, 'x') + "\"}";
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += line + "\n";
  write_file(road.path("lines"), lines);
  road.publisher.options().standard_input = road.path("lines");
  road.publisher.start();
  REQUIRE(road.publisher.process().wait_for_line("no new readings are accepted"));

  // A single reading may still fit where the source's lines did not.
  const auto send = [&] { return road.publisher.command({"send", line, "--timeout", "0s"}).exit.status; };
  CHECK(eventually([&] { return send() == 75; }));
  road.publisher.kill();
  CHECK(send() == 75);

  CHECK(road.publisher.accepted().size() > 10);
  road.start();
  CHECK(road.publisher.accepts(100));
  CHECK(road.all_arrive());
}

TEST_CASE("bad settings and bad readings are one clear line each, exit 2") {
  Road road;

  const Finished wrong = road.publisher.command({"run", "--source", "-", "--window-start", "many"});
  CHECK(wrong.exit == Exit{2, false});
  CHECK(wrong.log.find("window-start") != std::string::npos);
  CHECK(wrong.log.find("many") != std::string::npos);
  CHECK(road.publisher.command({"run", "--nonsense", "1"}).exit == Exit{2, false});
  CHECK(road.publisher.command({"send", "no reading"}).exit == Exit{2, false});
}

TEST_CASE("status shows what waits, beside a run and without") {
  Road road;
  road.broker.stop();
  road.publisher.start();
  road.publisher.feed_numbers(0, 25);
  REQUIRE(road.publisher.accepts(25));

  CHECK(road.publisher.status("waiting") == "25");
  CHECK(road.publisher.command({"status"}).output.find("25") != std::string::npos);
  road.publisher.stop();
  CHECK(road.publisher.status("waiting") == "25");
}

TEST_CASE("refused readings are listed with central's reason, and go by retry or by drop only") {
  Road road;
  road.central.fail(R"({"status":422,"count":2})");
  road.start();
  road.publisher.feed_numbers(0, 2);
  REQUIRE(eventually([&] { return road.publisher.status("refused") == "2"; }));

  CHECK(road.publisher.command({"refused", "list"}).output.find("422") != std::string::npos);
  CHECK(road.publisher.command({"refused", "retry", "all"}).exit.status == 0);
  CHECK(road.central.gets(2));
  CHECK(road.all_arrive());
  CHECK(eventually([&] { return road.publisher.status("refused") == "0"; }));

  road.central.fail(R"({"status":400,"count":1})");
  road.publisher.feed_numbers(2, 1);
  REQUIRE(eventually([&] { return road.publisher.status("refused") == "1"; }));
  CHECK(road.publisher.command({"refused", "drop", "all"}).exit.status == 0);
  CHECK(road.publisher.status("refused") == "0");
  CHECK(road.central.readings() == 2);
}

TEST_CASE("dead letters are listed, replayed and dropped") {
  Road road;
  road.forwarder.start();
  road.central.fail(R"({"status":400,"count":1})");
  mqtt::Peer device = mqtt::connect(road.broker.port(), {.client_id = "device"});
  mqtt::publish(device, {.topic = "solar/Buea/esp32/readings", .payload = R"({"power_kw":1})"});
  REQUIRE(eventually([&] { return road.forwarder.status("refused") == "1"; }));
  mqtt::publish(device, {.topic = "solar/Buea/esp32/readings", .payload = "no reading"});
  REQUIRE(eventually([&] { return road.forwarder.status("unreadable") == "1"; }));

  const std::string list = road.forwarder.command({"dead-letters", "list"}).output;
  CHECK(list.find("solar/Buea/esp32/readings") != std::string::npos);
  CHECK(list.find("no reading") != std::string::npos);
  [[maybe_unused]] const Finished replayed = road.forwarder.command({"dead-letters", "replay", "all"});
  CHECK(road.central.gets(1));
  CHECK(eventually([&] { return road.forwarder.status("refused") == "0"; }));
  CHECK(road.forwarder.status("unreadable") == "1");
  CHECK(road.forwarder.command({"dead-letters", "drop", "all"}).exit.status == 0);
  CHECK(road.forwarder.status("unreadable") == "0");
}

TEST_CASE("check tells line by line what it found") {
  Road road;
  const Finished well = road.forwarder.command({"check"});
  CHECK(well.exit == Exit{0, false});
  CHECK(well.output.find("central  ok") != std::string::npos);
  CHECK(road.publisher.command({"check"}).exit == Exit{0, false});

  road.broker.stop();
  road.central.stop();

  CHECK(road.forwarder.command({"check", "--connect-timeout", "2s"}).exit == Exit{1, false});
  CHECK(road.publisher.command({"check", "--connect-timeout", "2s"}).exit == Exit{1, false});
}

}  // namespace solar::test
