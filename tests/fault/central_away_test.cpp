// Central unreachable, hanging, failing, lying: readings wait, and arrive when it is well again.
#include <atomic>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace solar::test {
namespace {

// A server that sends the same bytes to whoever asks, `times` times, and hangs up.
class Answering {
 public:
  Answering(std::string bytes, int times)
      : bytes_{std::move(bytes)}, times_{times}, port_{free_port()}, listener_{listen_on(port_)}, thread_{[this] {
          serve();
        }} {}
  ~Answering() {
    stopping_ = true;
    thread_.join();
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int asked() const { return asked_; }

 private:
  void serve() {
    while (!stopping_) {
      const Socket client = accept_from(listener_, std::chrono::milliseconds{20});
      if (!client.valid() || !receive_some(client, std::chrono::milliseconds{1'000})) continue;
      ++asked_;
      for (int i = 0; i < times_ && !stopping_ && send_all(client, bytes_); ++i) {
      }
    }
  }

  std::string bytes_;
  int times_;
  std::uint16_t port_;
  Socket listener_;
  std::atomic<bool> stopping_{};
  std::atomic<int> asked_{};
  std::thread thread_;  // last: it uses all of the above
};

// A road whose forwarder reaches central through a proxy.
struct ProxiedRoad : Road {
  TcpProxy way{central.port()};
  ProxiedRoad() {
    forwarder.options().api_url = "http://127.0.0.1:" + std::to_string(way.port()) + "/api/solar";
    forwarder.options().extra = {"--request-timeout", "1s"};
  }
};

}  // namespace

TEST_CASE("central answers 503 and is back: everything arrives, and the log says what goes on") {
  Road road;
  road.central.answer_always(503);
  road.start();
  road.publisher.feed_numbers(0, 200);
  REQUIRE(road.publisher.accepts(200));
  REQUIRE(road.forwarder.process().wait_for_line("central is away"));

  road.central.heal();

  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(road.forwarder.process().wait_for_line("central is back"));
}

TEST_CASE("whatever central answers, the reading arrives when it answers 2xx") {
  Road road;
  road.start();
  std::uint64_t sent = 0;
  for (const int status : {302, 401, 403, 404, 408, 409, 425, 429, 500, 502, 504}) {
    road.central.fail(R"({"status":)" + std::to_string(status) + R"(,"count":3})");

    road.publisher.feed_numbers(static_cast<int>(sent), 3);
    sent += 3;

    INFO("status " << status);
    REQUIRE(road.central.gets(sent));
  }
  CHECK(road.outbox_drains());
}

TEST_CASE("any Retry-After is taken within its bounds") {
  Road road;
  road.start();
  std::uint64_t sent = 0;
  for (const char* value : {"0", "rubbish", "-5"}) {
    road.central.fail(std::string{R"({"status":503,"count":1,"retry_after":")"} + value + "\"}");

    road.publisher.feed_numbers(static_cast<int>(sent), 2);
    sent += 2;

    INFO("Retry-After " << value);
    REQUIRE(road.central.gets(sent));
  }
}

TEST_CASE("central stores and then fails: the reading is there once") {
  Road road;
  road.central.fail(R"({"status":500,"count":5,"store_before":true})");
  road.start();

  road.publisher.feed_numbers(0, 20);

  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
  CHECK(road.central.readings() == 20);
}

TEST_CASE("central is not there, comes, and dies by kill -9 between") {
  Road road;
  road.central.kill();
  road.start();
  road.publisher.feed_numbers(0, 100);
  REQUIRE(road.publisher.accepts(100));
  REQUIRE(road.forwarder.process().wait_for_line("central is away"));

  road.central.start();
  REQUIRE(road.central.gets(20));
  road.central.kill();
  road.publisher.feed_numbers(100, 100);
  road.central.start();

  REQUIRE(road.publisher.accepts(200));
  CHECK(road.all_arrive());
  CHECK(road.outbox_drains());
}

TEST_CASE("central hangs: requests time out, and everything arrives when it moves again") {
  ProxiedRoad road;
  road.start();
  road.way.stall(true);
  road.publisher.feed_numbers(0, 50);
  REQUIRE(road.forwarder.process().wait_for_line("central is away"));

  road.way.stall(false);

  CHECK(road.central.gets(50));
  CHECK(road.outbox_drains());
  CHECK(road.central.readings() == 50);
}

TEST_CASE("central closes in the middle of its answer: nothing is taken for delivered") {
  ProxiedRoad road;
  const Answering broken{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", 1};
  road.way.retarget(broken.port());
  road.start();
  road.publisher.feed_numbers(0, 5);
  REQUIRE(eventually([&] { return broken.asked() >= 3; }));

  road.way.retarget(road.central.port());

  CHECK(road.central.gets(5));
  CHECK(road.outbox_drains());
}

TEST_CASE("central sends an endless body: the forwarder stays small and goes on") {
  ProxiedRoad road;
  const Answering endless{"HTTP/1.1 500 Oops\r\n\r\n" + std::string(100'000, 'x'), 1'000'000};
  road.way.retarget(endless.port());
  road.start();
  road.publisher.feed_numbers(0, 5);
  REQUIRE(eventually([&] { return endless.asked() >= 3; }));
  CHECK(road.forwarder.process().memory().anonymous_kib < 20 * 1024);

  road.way.retarget(road.central.port());

  CHECK(road.central.gets(5));
}

TEST_CASE("central refuses everything, then takes it: nothing is lost") {
  Road road;
  road.central.answer_always(400);
  road.start();
  road.publisher.feed_numbers(0, 60);
  REQUIRE(road.publisher.accepts(60));
  REQUIRE(eventually([&] { return std::stoi("0" + road.publisher.status("refused")) >= 20; }));

  road.central.heal();

  REQUIRE(eventually([&] { return road.publisher.status("waiting") == "0"; }, std::chrono::milliseconds{60'000}));
  CHECK(std::stoi("0" + road.publisher.status("refused")) + static_cast<int>(road.central.readings()) == 60);
  REQUIRE(road.publisher.command({"refused", "retry", "all"}).exit.status == 0);
  CHECK(road.all_arrive());
}

TEST_CASE("a village that central fails for does not hold back another") {
  Road road;
  road.central.fail(R"({"status":500,"count":-1,"village":"Buea"})");
  Publisher buea{road.path("buea"), {road.broker.url(), "Buea"}};
  buea.start();
  road.start();
  buea.feed_numbers(0, 300);
  REQUIRE(buea.accepts(300));

  road.publisher.feed_numbers(0, 100);

  CHECK(road.all_arrive());
  CHECK(road.central.stored("Buea").empty());
  road.central.heal();
  CHECK(road.central.gets(400));
}

}  // namespace solar::test
