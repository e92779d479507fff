// /healthz, /readyz and /metrics of real processes.
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdlib>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/load.hpp"
#include "tests/support/net.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A port that is told to a program, and what it answers there.
class StatusPort {
 public:
  [[nodiscard]] Flags flags() const { return {"--http-listen", "127.0.0.1:" + std::to_string(port_)}; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// 0 where nobody answers.
  [[nodiscard]] int status(std::string_view path) const { return answer(path).status; }
  [[nodiscard]] std::string body(std::string_view path) const { return answer(path).body; }
  [[nodiscard]] bool becomes(std::string_view path, int status, milliseconds patience = kPatience) const {
    return eventually([&] { return this->status(path) == status; }, patience);
  }

  /// A metric's value; `name` with its labels. -1 where it is not printed.
  [[nodiscard]] double metric(const std::string& name) const {
    const std::string text = "\n" + body("/metrics");
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
  }
  [[nodiscard]] bool reaches(const std::string& name, double value) const {
    return eventually([&] { return metric(name) == value; }, kPatience, milliseconds{50});
  }

 private:
  [[nodiscard]] HttpAnswer answer(std::string_view path) const {
    return http(port_, "GET", path, {}, {}, seconds{5}).value_or(HttpAnswer{});
  }
  std::uint16_t port_{free_port()};
};

/// Broker, central and a forwarder with a status port; nothing is started but the first two.
struct WatchedRoad {
  TemporaryDirectory folder;
  Broker broker{folder.path() / "broker"};
  Central central{folder.path() / "central"};
  StatusPort port;
  Forwarder forwarder{folder.path() / "forwarder", {broker.url(), central.url()}};

  WatchedRoad() { forwarder.options().extra = port.flags(); }
  void also(const Flags& flags) {
    auto& extra = forwarder.options().extra;
    extra.insert(extra.end(), flags.begin(), flags.end());
  }
  void publish_plain(std::uint64_t readings, std::uint64_t first = 1) const {
    Load load;
    load.port = broker.port();
    load.readings = readings;
    load.first = first;
    REQUIRE(publish(load).acknowledged == readings);
  }
};

/// Stops one thread of another process, and no other, as long as this lives.
class StoppedThread {
 public:
  explicit StoppedThread(pid_t thread) : thread_{thread} {
    stopped_ = ::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) == 0 &&
               ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) == 0 &&
               ::waitpid(thread_, nullptr, __WALL) == thread_;
  }
  ~StoppedThread() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  pid_t thread_;
  bool stopped_{};
};

void allow_open_files(rlim_t files) {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(files, limit.rlim_max));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

}  // namespace

TEST_CASE("without broker and central a forwarder is healthy, not ready, and says so until it ends") {
  TemporaryDirectory folder;
  const StatusPort port;
  Forwarder forwarder{folder.path(), {"mqtt://127.0.0.1:1", "http://127.0.0.1:1/api/solar"}};
  forwarder.options().extra = port.flags();

  forwarder.start_without_waiting();

  REQUIRE(port.becomes("/healthz", 200));
  CHECK(port.status("/readyz") == 503);
  REQUIRE(eventually([&] { return port.body("/readyz") == "not subscribed: no connection to the broker\n"; }));
  CHECK(port.metric("solar_forwarder_member") == 0);
  CHECK(forwarder.command({"health"}).exit == Exit{0, false});
  CHECK(forwarder.stop() == Exit{0, false});
  const Finished health = forwarder.command({"health"});
  CHECK(health.exit == Exit{1, false});
  CHECK(health.log.find("nobody answers: Connection refused") != std::string::npos);
}

TEST_CASE("a port in use ends the second program at once, before it opens anything") {
  TemporaryDirectory folder;
  const std::uint16_t taken = free_port();
  const Socket owner = listen_on(taken);
  Forwarder forwarder{folder.path() / "f", {"mqtt://127.0.0.1:1", "http://127.0.0.1:1/api/solar"}};
  forwarder.options().extra = {"--http-listen", "127.0.0.1:" + std::to_string(taken)};

  forwarder.start_without_waiting();

  CHECK(forwarder.process().wait() == Exit{75, false});
  CHECK(forwarder.process().log().find("Address already in use") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(forwarder.inbox()));
}

TEST_CASE("a publisher collects readings also where its status port is taken") {
  TemporaryDirectory folder;
  const std::uint16_t taken = free_port();
  const Socket owner = listen_on(taken);
  Publisher publisher{folder.path(), {.broker_url = "mqtt://127.0.0.1:1"}};
  publisher.options().extra = {"--http-listen", "127.0.0.1:" + std::to_string(taken)};

  publisher.start();
  publisher.feed_numbers(0, 5);

  CHECK(publisher.accepts(5));
  CHECK(publisher.process().log().find("Address already in use") != std::string::npos);
}

TEST_CASE("receipts that nobody can be given are counted") {
  WatchedRoad road;
  road.central.kill();
  road.forwarder.start();
  REQUIRE(road.port.becomes("/readyz", 200));
  Load load;
  load.port = road.broker.port();
  load.readings = 50;
  load.token = 1;
  REQUIRE(publish(load).acknowledged == 50);
  REQUIRE(road.port.reaches("solar_forwarder_inbox_readings", 50));

  road.broker.kill();
  REQUIRE(road.port.reaches("solar_forwarder_broker_connected", 0));
  road.central.start();

  REQUIRE(road.port.reaches("solar_forwarder_readings_delivered_total", 50));
  CHECK(road.port.reaches("solar_forwarder_receipts_dropped_total", 50));
  CHECK(road.port.metric("solar_forwarder_receipts_sent_total") == 0);
}

TEST_CASE("metrics count what happened to the readings") {
  WatchedRoad road;
  road.central.fail(R"({"status":500,"count":7})");
  road.also({"--receipt-interval", "10ms", "--request-timeout", "60s"});  // no retries but those of central's answers
  road.forwarder.start();
  REQUIRE(road.port.becomes("/readyz", 200));

  road.publish_plain(200);
  REQUIRE(road.port.reaches("solar_forwarder_readings_delivered_total", 200));
  REQUIRE(road.port.reaches("solar_forwarder_inbox_readings", 0));

  CHECK(road.port.metric("solar_forwarder_readings_received_total") == 200);
  CHECK(road.port.metric("solar_forwarder_readings_accepted_total") == 200);
  CHECK(road.port.metric("solar_forwarder_retries_total{reason=\"server_error\"}") == 7);
  CHECK(road.port.metric("solar_forwarder_attempts_total") == 207);
  CHECK(road.port.metric("solar_forwarder_attempts_per_delivery_sum") == 207);
  CHECK(road.port.metric("solar_forwarder_attempts_per_delivery_count") == 200);
  CHECK(road.port.metric("solar_forwarder_delivery_seconds_count") == 200);
  CHECK(road.port.metric("solar_forwarder_age_at_delivery_seconds_bucket{le=\"+Inf\"}") == 200);
  CHECK(road.port.metric("solar_forwarder_age_at_delivery_seconds_sum") > 0.2);  // seven of them waited for a retry
  CHECK(road.port.metric("solar_forwarder_broker_connected") == 1);
  CHECK(road.port.metric("solar_forwarder_member") == 1);
  CHECK(road.port.metric("solar_forwarder_central_away") == 0);
}

TEST_CASE("a forwarder whose inbox is full is not ready until it has room again, and healthy all the time") {
  WatchedRoad road;
  road.central.stop();
  road.also({"--inbox-max", "1MiB"});
  road.forwarder.start();
  REQUIRE(road.port.becomes("/readyz", 200));

  // In small steps: more than there is room for would end the process.
  std::uint64_t sent = 0;
  while (road.port.status("/readyz") == 200) {
    REQUIRE(road.port.reaches("solar_forwarder_readings_received_total", static_cast<double>(sent)));
    road.publish_plain(sent < 3'000 ? 1'000 : 100, sent + 1);
    sent += sent < 3'000 ? 1'000 : 100;
  }

  REQUIRE(eventually([&] { return road.port.body("/readyz").find("inbox full: 9") != std::string::npos; }));
  CHECK(road.port.metric("solar_forwarder_central_away") == 1);
  CHECK(eventually([&] { return road.port.metric("solar_forwarder_inbox_used_ratio") > 0.9; }));
  CHECK(road.port.status("/healthz") == 200);
  road.central.start();
  CHECK(road.port.becomes("/readyz", 200));
  // What comes while nobody is subscribed is lost in the broker, and never was in here.
  const auto accepted = static_cast<std::uint64_t>(road.port.metric("solar_forwarder_readings_accepted_total"));
  CHECK(accepted > 3'000);
  CHECK(road.central.gets(accepted));
}

TEST_CASE("a publisher tells of its outbox, connected or not") {
  TemporaryDirectory folder;
  const StatusPort port;
  Publisher publisher{folder.path(), {.broker_url = "mqtt://127.0.0.1:1"}};
  publisher.options().extra = port.flags();
  publisher.options().extra.insert(publisher.options().extra.end(), {"--outbox-max", "256KiB"});
  publisher.start();
  REQUIRE(port.becomes("/healthz", 200));
  CHECK(port.becomes("/readyz", 200));
  CHECK(port.metric("solar_publisher_broker_connected") == 0);

  publisher.feed_numbers(0, 100);
  REQUIRE(port.reaches("solar_publisher_outbox_readings", 100));
  CHECK(port.reaches("solar_publisher_readings_accepted_total", 100));

  publisher.feed_numbers(100, 3'000);
  REQUIRE(port.becomes("/readyz", 503));
  CHECK(port.body("/readyz").starts_with("outbox full: "));
  CHECK(port.metric("solar_publisher_outbox_full") == 1);
  CHECK(publisher.command({"health"}).exit == Exit{0, false});
}

TEST_CASE("a thousand slow clients of the port cost neither readings nor the next answer") {
  allow_open_files(4'096);
  WatchedRoad road;
  road.forwarder.start();
  REQUIRE(road.port.becomes("/readyz", 200));
  const std::size_t files_before = road.forwarder.process().open_files();

  std::vector<Socket> slow;
  for (int i = 0; i < 1'000; ++i) {
    slow.push_back(connect_to(road.port.port()));
    REQUIRE(slow.back().valid());
    static_cast<void>(send_all(slow.back(), i % 2 == 0 ? "G" : "GET /metrics HTTP/1.1\r\nX: "));
    if (i == 500) road.publish_plain(500);
  }
  road.publish_plain(500, 501);

  CHECK(road.central.gets(1'000));
  CHECK(road.port.status("/healthz") == 200);
  CHECK(road.forwarder.process().open_files() < files_before + 64 + 64 + 10);  // theirs, and requests to central
}

TEST_CASE("an endless header ends its connection, and costs no memory") {
  WatchedRoad road;
  road.forwarder.start();
  REQUIRE(road.port.becomes("/readyz", 200));
  const std::uint64_t before = road.forwarder.process().memory().resident_kib;

  const Socket endless = connect_to(road.port.port());
  REQUIRE(send_all(endless, "GET /metrics HTTP/1.1\r\nX: "));
  const std::string piece(64 * 1024, 'x');
  int sent = 0;
  while (sent < 1'000 && send_all(endless, piece)) ++sent;

  CHECK(sent < 1'000);
  CHECK(road.forwarder.process().memory().resident_kib < before + 4 * 1024);
  CHECK(road.port.status("/healthz") == 200);
}

// Its first thread is the courier's. The others go on, and answer.
TEST_CASE("a forwarder whose courier hangs is not healthy, and is again when it goes on") {
  WatchedRoad road;
  road.forwarder.start();
  REQUIRE(road.port.becomes("/healthz", 200));

  {
    const StoppedThread courier{road.forwarder.process().pid()};
    REQUIRE(courier.stopped());
    CHECK(road.port.status("/healthz") == 200);
    REQUIRE(road.port.becomes("/healthz", 503, seconds{40}));
    CHECK(road.port.body("/healthz").starts_with("the courier hangs: its last turn was "));
    CHECK(road.forwarder.command({"health"}).exit == Exit{1, false});
  }

  CHECK(road.port.becomes("/healthz", 200));
}

}  // namespace solar::test
