#include "shared/status_pages.hpp"

#include "forwarder/condition.hpp"
#include "publisher/condition.hpp"
#include "shared/http_client.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

struct StandingClock final : Clock {
  Now at{.steady = Millis{100'000}, .wall = Millis{1'795'000'000'000}};
  [[nodiscard]] Now now() const override { return at; }
};

/// Pages of a program that can say of itself what a test wants.
struct Pages {
  Heartbeat heartbeat;
  StandingClock clock;
  Reasons reasons;
  StatusPages pages{.heartbeat = heartbeat,
                    .clock = clock,
                    .not_ready = [this] { return reasons; },
                    .metrics = [] { return std::string{"a_total 1\n"}; }};

  [[nodiscard]] HttpResponse healthz() const { return pages.answer("/healthz"); }
  [[nodiscard]] HttpResponse readyz() const { return pages.answer("/readyz"); }
};

Relay::Snapshot working_forwarder() {
  Relay::Snapshot now;
  now.connected = true;
  now.member = true;
  now.disk = DiskState{.free_bytes = 1ULL << 30, .writable = true};
  return now;
}

Uplink::Snapshot working_publisher() {
  Uplink::Snapshot now;
  now.disk = DiskState{.free_bytes = 1ULL << 30, .writable = true};
  return now;
}

}  // namespace

TEST_CASE("healthz is the courier's heartbeat and nothing else") {
  Pages program;
  program.reasons = {"not subscribed"};

  CHECK(program.healthz().status == 503);
  CHECK(program.healthz().body == "starting: the courier has not taken a turn yet\n");
  program.heartbeat.beat(Millis{98'000});
  CHECK(program.healthz().status == 200);
  CHECK(program.healthz().body == "ok: the courier's last turn was 2 s ago\n");
  program.clock.at.steady = Millis{128'000};
  CHECK(program.healthz().status == 503);
  CHECK(program.healthz().body == "the courier hangs: its last turn was 30 s ago\n");
}

TEST_CASE("readyz says why not, a line for every reason") {
  Pages program;

  CHECK(program.readyz().status == 200);
  CHECK(program.readyz().body == "ready\n");
  program.reasons = {"not subscribed", "inbox full"};
  CHECK(program.readyz().status == 503);
  CHECK(program.readyz().body == "not subscribed\ninbox full\n");
}

TEST_CASE("metrics are in the text format, and other paths are told which there are") {
  const Pages program;

  CHECK(program.pages.answer("/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(program.pages.answer("/metrics").body == "a_total 1\n");
  CHECK(program.pages.answer("/").status == 404);
  CHECK(program.pages.answer("/healthz/").body == "there are /healthz, /readyz and /metrics\n");
}

TEST_CASE("a forwarder is ready while it is subscribed and its inbox writable and not full") {
  CHECK(not_ready(working_forwarder()).empty());

  Relay::Snapshot now = working_forwarder();
  now.courier.away = true;  // no reason: the inbox keeps what comes
  now.used_fraction = 0.9;
  CHECK(not_ready(now).empty());
}

TEST_CASE("a forwarder that takes nothing says why") {
  const auto reason = [](auto change) {
    Relay::Snapshot now = working_forwarder();
    change(now);
    return not_ready(now);
  };

  CHECK(reason([](auto& now) { now.connected = now.member = false; }) ==
        Reasons{"not subscribed: no connection to the broker"});
  CHECK(reason([](auto& now) { now.member = false; }) ==
        Reasons{"not subscribed: it has left the shared subscription"});
  CHECK(reason([](auto& now) { now.stopping = true; }) == Reasons{"stopping"});
  CHECK(reason([](auto& now) { now.disk->writable = false; }) == Reasons{"inbox not writable"});
  CHECK(reason([](auto& now) { now.disk->free_bytes = 3ULL << 20; }) ==
        Reasons{"inbox not writable: 3 MiB of disk free"});
  CHECK(reason([](auto& now) { now.used_fraction = 0.951; }) == Reasons{"inbox full: 95 %"});
}

TEST_CASE("before its first turn a program is not ready, and gives no other reason") {
  CHECK(not_ready(Relay::Snapshot{}) == Reasons{"starting"});
  CHECK(not_ready(Uplink::Snapshot{}, false) == Reasons{"starting"});
}

TEST_CASE("a publisher is ready while it can accept, connected or not") {
  CHECK(not_ready(working_publisher(), false).empty());
  CHECK(not_ready(working_publisher(), true) == Reasons{"outbox full: 0 %, 1024 MiB of disk free"});

  Uplink::Snapshot now = working_publisher();
  now.used_fraction = 1.01;
  now.disk->writable = false;
  CHECK(not_ready(now, false) == Reasons{"outbox not writable", "outbox full: 101 %, 1024 MiB of disk free"});
}

TEST_CASE("where http-listen cannot be, the exit status says whether another time helps") {
  const auto first = listen_for_status(HttpAddress{.host = "127.0.0.1", .port = 0});
  const auto& listener = std::get<std::optional<HttpListener>>(first);
  REQUIRE(listener);

  CHECK(std::get<int>(listen_for_status(listener->address())) == 75);
  CHECK(std::get<int>(listen_for_status(HttpAddress{.host = "192.0.2.1", .port = 8080})) == 75);
  CHECK_FALSE(std::get<std::optional<HttpListener>>(listen_for_status(std::nullopt)));
}

}  // namespace solar
