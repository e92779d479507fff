// Bad input never stops a program, never holds back good input, and stays visible.
#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/raw_mqtt.hpp"

namespace solar::test {
namespace {

using namespace std::string_literals;

std::string deep(int levels) {
  return R"({"power_kw":1,"x":)" + std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']') + "}";
}

std::vector<std::string> bad_readings() {
  return {"hello",
          "[]",
          "17",
          "null",
          R"({"village":"Bamenda"})",
          R"({"power_kw":"120"})",
          R"({"power_kw":NaN})",
          R"({"power_kw":1e999})",
          R"({"power_kw":null})",
          R"({"power_kw":1,"power_kw":2})",
          R"({"power_kw":1,"village":""})",
          R"({"power_kw":1,"village":")" + std::string(10'000, 'x') + "\"}",
          R"({"power_kw":1,"village":7})",
          R"({"power_kw":1,"village":"Buea"})",
          "{\"power_kw\":1,\"x\":\"\xff\xfe\"}",
          "{\"power_kw\":1,\"x\":\"a\0b\"}"s,
          R"({"power_kw":1)",
          R"({"power_kw":1}{"power_kw":2})",
          deep(10'000),
          R"({"power_kw":1,"x":")" + std::string(9'000, 'x') + "\"}"};
}

// Topics that no reading comes by, or not for this village.
const std::vector<std::string> kBadTopics{"solar/Bamenda%2f/main/readings", "solar/Bam%zzenda/main/readings",
                                          "solar//main/readings", "solar/Bamenda//readings"};

}  // namespace

TEST_CASE("bad lines are told and skipped, and the good ones around them arrive") {
  Road road;
  road.start();
  int good = 0;
  for (const std::string& bad : bad_readings()) {
    road.publisher.feed(bad);
    road.publisher.feed_numbers(good++, 1);
  }

  REQUIRE(road.central.gets(static_cast<std::uint64_t>(good)));
  CHECK(road.outbox_drains());
  CHECK(road.publisher.accepted().size() == static_cast<std::size_t>(good));
  CHECK(road.publisher.process().wait_for_line("bad line"));
}

TEST_CASE("a line of 10 MB is skipped and costs no memory") {
  Road road;
  road.start();
  road.publisher.feed_numbers(0, 1);
  REQUIRE(road.central.gets(1));

  road.publisher.feed(R"({"power_kw":1,"x":")" + std::string(10'000'000, 'x') + "\"}");
  road.publisher.feed_numbers(1, 1);

  CHECK(road.central.gets(2));
  CHECK(road.publisher.process().memory().anonymous_kib < 10 * 1024);
}

TEST_CASE("bad messages become dead letters, and the good ones around them arrive") {
  Road road;
  road.forwarder.start();
  mqtt::Peer device = mqtt::connect(road.broker.port(), {.client_id = "device"});
  const std::string topic = "solar/Bamenda/main/readings";
  std::vector<mqtt::Publish> bad;
  for (const std::string& payload : bad_readings()) bad.push_back({.topic = topic, .payload = payload});
  for (const std::string& other : kBadTopics) bad.push_back({.topic = other, .payload = R"({"power_kw":1})"});
  bad.push_back({.topic = topic, .payload = ""});
  bad.push_back({.topic = topic, .payload = R"({"power_kw":1})", .user_properties = {{"content-encoding", "br"}}});
  bad.push_back({.topic = topic, .payload = "x\x9c rubbish", .user_properties = {{"content-encoding", "deflate"}}});

  int good = 0;
  for (const mqtt::Publish& message : bad) {
    mqtt::publish(device, message);
    mqtt::publish(device, {.topic = topic, .payload = R"({"power_kw":1,"n":)" + std::to_string(good++) + "}"});
  }

  CHECK(road.central.gets(static_cast<std::uint64_t>(good)));
  CHECK(road.central.readings() == static_cast<std::uint64_t>(good));
  CHECK(std::stoi("0" + road.forwarder.status("unreadable")) >= static_cast<int>(bad.size()) - 2);
  CHECK(road.forwarder.process().wait_for_line("dead letter"));
}

TEST_CASE("a good reading in a bad array arrives, and an array of 100,000 stops nobody") {
  Road road;
  road.forwarder.start();
  mqtt::Peer device = mqtt::connect(road.broker.port(), {.client_id = "device"});
  const std::string topic = "solar/Bamenda/main/readings";
  std::string many = "[1";
  for (int i = 0; i < 100'000; ++i) many += ",1";

  mqtt::publish(device, {.topic = topic, .payload = many + "]"});
  mqtt::publish(device, {.topic = topic, .payload = "[]"});
  mqtt::publish(device, {.topic = topic, .payload = R"([{"power_kw":1},"x",{"power_kw":"2"},{"power_kw":3}])"});

  CHECK(road.central.gets(2));
  CHECK(road.forwarder.process().running());
}

TEST_CASE("rubbish on a publisher's receipts topic confirms nothing") {
  Road road;
  road.central.answer_always(503);
  road.start();
  road.publisher.feed_numbers(0, 10);
  REQUIRE(road.publisher.accepts(10));
  REQUIRE(road.publisher.process().wait_for_line("connected"));
  mqtt::Peer stranger = mqtt::connect(road.broker.port(), {.client_id = "stranger"});

  for (const char* payload :
       {"", "no json", "[]", R"({"delivered":"x"})", R"({"delivered":["0000000000000000-1..9223372036854775807"]})",
        R"({"delivered":["0000000000000000-1"],"refused":[{"id":7}]})", R"({"refused":[{"id":"x","reason":"y"}]})"}) {
    mqtt::publish(stranger, {.topic = "solar/Bamenda/main/receipts", .payload = payload});
  }
  REQUIRE(road.publisher.process().wait_for_line("receipt not understood"));
  REQUIRE(road.publisher.process().wait_for_line("never made"));
  CHECK(road.publisher.status("waiting") == "10");

  road.central.heal();
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

}  // namespace solar::test
