// The reference server itself, and the tools that the other tests stand on.
#include <csignal>
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"
#include "tests/support/raw_mqtt.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace solar::test {
namespace {

constexpr const char* kReading = R"({"village":"Buea","power_kw":1})";

int post(const Central& central, const std::string& body, const std::string& key) {
  return http(central.port(), "POST", "/api/solar", body, "Idempotency-Key: \"" + key + "\"\r\n")
      .value_or(HttpAnswer{})
      .status;
}

Process central_at(std::uint16_t port, const TemporaryDirectory& folder, const std::string& name) {
  return {{sibling("solar-central"),
           {"--listen", "127.0.0.1:" + std::to_string(port), "--database", (folder.path() / (name + ".db")).string()},
           {}},
          folder.path() / (name + ".log")};
}

}  // namespace

TEST_CASE("central stores a key once and says so the second time") {
  const TemporaryDirectory folder;
  const Central central{folder.path()};

  CHECK(post(central, kReading, "a") == 201);
  CHECK(post(central, kReading, "a") == 200);
  CHECK(post(central, R"({"village":"Buea","power_kw":2})", "a") == 422);

  const Counts counts = central.counts().value_or(Counts{});
  CHECK(counts.readings == 1);
  CHECK(counts.posts == 3);
  CHECK(counts.duplicates == 1);
  CHECK(counts.differences == 1);
  CHECK(central.stored("Buea").at(0).body == kReading);
  CHECK(central.stored("Bamenda").empty());
}

TEST_CASE("central keeps across kill -9 what it has answered") {
  const TemporaryDirectory folder;
  Central central{folder.path()};
  for (int n = 0; n < 20; ++n) REQUIRE(post(central, kReading, std::to_string(n)) == 201);

  central.kill();
  central.start();

  CHECK(central.readings() == 20);
  CHECK(post(central, kReading, "7") == 200);
}

TEST_CASE("central listens where the connections of another server have just ended") {
  const TemporaryDirectory folder;
  const auto port = free_port();
  {
    const Socket server = listen_on(port);
    const Socket client = connect_to(port);
    accept_from(server, std::chrono::seconds{10}).close();  // whoever closes first keeps the port for a minute
  }

  Process central = central_at(port, folder, "central");

  REQUIRE(eventually([&] { return connect_to(port).valid() || !central.running(); }));
  CHECK(central.running());
}

TEST_CASE("a second central does not take half of the first one's requests") {
  const TemporaryDirectory folder;
  const Central first{folder.path()};

  const Process second = central_at(first.port(), folder, "second");

  CHECK(second.wait_for_line("cannot listen on 127.0.0.1:" + std::to_string(first.port())));
}

TEST_CASE("central refuses what is no reading with a reason") {
  const TemporaryDirectory folder;
  const Central central{folder.path()};

  for (const char* body :
       {"", "hello", "[]", R"({"power_kw":1})", R"({"village":7,"power_kw":1})", R"({"village":"Buea"})",
        R"({"village":"Buea","power_kw":"1"})", R"({"village":"Buea","power_kw":1e999})"}) {
    CHECK(post(central, body, "a") == 400);
  }
  CHECK(post(central, R"({"village":"Buea","power_kw":1,"x":")" + std::string(17'000, 'x') + "\"}", "a") == 413);
  CHECK(central.readings() == 0);
}

TEST_CASE("central fails on purpose for one village and as often as it was told") {
  const TemporaryDirectory folder;
  Central central{folder.path()};
  central.fail(R"({"status":503,"count":2,"village":"Buea","store_before":true})");

  CHECK(post(central, kReading, "a") == 503);
  CHECK(post(central, R"({"village":"Maroua","power_kw":1})", "b") == 201);
  CHECK(post(central, kReading, "a") == 503);
  CHECK(post(central, kReading, "a") == 200);
}

TEST_CASE("a raw client's message passes the broker with its properties") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  mqtt::Peer listener = mqtt::connect(broker.port(), {.client_id = "listener"});
  listener.send(mqtt::encode_subscribe(1, "solar/+/+/readings"));
  REQUIRE(listener.read(mqtt::Type::Suback));
  mqtt::Peer sender = mqtt::connect(broker.port(), {.client_id = "sender"});

  CHECK(mqtt::publish(sender, {.topic = "solar/Buea/main/readings",
                               .payload = "[]",
                               .user_properties = {{"content-encoding", "x"}}}) == 0);

  const auto packet = listener.read(mqtt::Type::Publish);
  REQUIRE(packet);
  const mqtt::Publish received = mqtt::decode_publish(*packet);
  CHECK(received.topic == "solar/Buea/main/readings");
  CHECK(received.payload == "[]");
  CHECK(received.user_properties.at(0).second == "x");
}

TEST_CASE("a wiped broker comes back on its port with nothing") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  mqtt::Peer sender = mqtt::connect(broker.port(), {.client_id = "sender"});
  mqtt::publish(sender, {.topic = "kept", .payload = "x", .retain = true});

  broker.kill();
  broker.wipe();
  broker.start();

  mqtt::Peer listener = mqtt::connect(broker.port(), {.client_id = "listener"});
  listener.send(mqtt::encode_subscribe(1, "kept"));
  REQUIRE(listener.read(mqtt::Type::Suback));
  CHECK_FALSE(listener.read(mqtt::Type::Publish, std::chrono::milliseconds{50}));
}

TEST_CASE("the proxy counts both ways, cuts and refuses") {
  const TemporaryDirectory folder;
  const Central central{folder.path()};
  TcpProxy proxy{central.port()};
  REQUIRE(http(proxy.port(), "POST", "/api/solar", kReading).value_or(HttpAnswer{}).status == 201);
  CHECK(proxy.traffic().up_bytes > 100);
  CHECK(proxy.traffic().down_bytes > 50);
  CHECK(proxy.traffic().connections == 1);
  CHECK(proxy.traffic().answered == 1);
  const Socket silent = connect_to(proxy.port());
  CHECK(eventually([&] { return proxy.traffic().connections == 2; }));
  CHECK(proxy.traffic().answered == 1);

  proxy.refuse(true);
  CHECK_FALSE(http(proxy.port(), "GET", "/api/solar/count"));
  proxy.refuse(false);
  CHECK(eventually([&] { return http(proxy.port(), "GET", "/api/solar/count").has_value(); }));
}

TEST_CASE("a child process ends with its owner and shows how it ended") {
  const TemporaryDirectory folder;
  pid_t pid = 0;
  {
    Process sleeper{{"sleep", {"60"}, {}}, folder.path() / "sleep.log"};
    pid = sleeper.pid();
    CHECK(sleeper.running());
    CHECK(sleeper.memory().resident_kib > 0);
  }

  CHECK_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid)));
  CHECK(run({"sh", {"-c", "echo out; echo err >&2; exit 7"}, {}}).exit == Exit{7, false});
  CHECK(run({"sh", {"-c", "kill -9 $$"}, {}}).exit == Exit{137, true});
}

TEST_CASE("whoever feeds a process that does not read is told so, and one that has ended is no error") {
  const TemporaryDirectory folder;
  const std::string more_than_a_pipe(4U << 20U, 'x');
  Process sleeper{{"sleep", {"60"}, {}, {}}, folder.path() / "sleep.log"};

  CHECK_THROWS(sleeper.write(more_than_a_pipe, std::chrono::milliseconds{50}));
  sleeper.kill();
  CHECK_FALSE(sleeper.write(more_than_a_pipe));
}

TEST_CASE("no thread of a process that is frozen runs any more") {
  Road road;
  road.start();
  const std::filesystem::path threads = "/proc/" + std::to_string(road.publisher.process().pid()) + "/task";

  for (int time = 0; time < 20; ++time) {
    road.publisher.feed_numbers(time * 100, 100);
    road.publisher.process().freeze();
    for (const auto& thread : std::filesystem::directory_iterator{threads}) {
      CHECK(read_file(thread.path() / "status").find("State:\tT") != std::string::npos);
    }
    road.publisher.process().signal(SIGCONT);
  }
}

}  // namespace solar::test
