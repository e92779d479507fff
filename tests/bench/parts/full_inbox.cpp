#include <atomic>
#include <optional>
#include <stdexcept>

#include "tests/bench/parts/parts.hpp"
#include "tests/bench/parts/rig.hpp"
#include "tests/support/http_sink.hpp"
#include "tests/support/net.hpp"

namespace solar::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::HttpSink;

constexpr int kStarts = 3;
constexpr int kLiveReadings = 5;

// A forwarder whose central was away until `readings` of village A waited in its inbox.
struct FullInbox {
  FullInbox(const std::filesystem::path& folder, const Scale& scale)
      : broker{folder / "full-broker"},
        central{folder / "full-nginx"},
        relay{forwarder(folder / "full", broker, central.url())} {
    central.stop();
    relay.start();
    peak.emplace(relay.process());
    test::Load load = fresh_load(broker, scale.million);
    load.villages = 1;
    load.village = "A";
    load.batch = 500;
    static_cast<void>(test::publish(load));
    wait_until_idle(relay.process());
    waiting = std::stoull("0" + relay.status("waiting"));
    if (waiting < scale.million)
      throw std::runtime_error{"only " + std::to_string(waiting) + " readings wait in the inbox"};
  }

  test::Broker broker;
  test::Nginx central;
  test::Forwarder relay;
  std::optional<MemoryPeak> peak;
  std::uint64_t waiting{};
};

// Seconds from the start of the forwarder's process to the first POST at `port`.
double seconds_to_first_post(FullInbox& full, std::uint16_t port) {
  std::atomic<std::int64_t> first{};
  const HttpSink central{port, [&](std::string_view, HttpSink::Clock::time_point when) {
                           std::int64_t nobody = 0;
                           first.compare_exchange_strong(nobody, when.time_since_epoch().count());
                         }};
  const auto start = steady_clock::now();
  full.relay.start_without_waiting();
  if (!test::eventually([&] { return first != 0; }))
    throw std::runtime_error{"the forwarder posts nothing after its start"};
  const steady_clock::time_point when{steady_clock::duration{first.load()}};
  return std::chrono::duration<double>(when - start).count();
}

Figure measure_memory(FullInbox& full) {
  full.central.start();  // the backlog flows: what waits is read as well as kept
  if (!test::eventually([&] { return full.central.posts() > 20'000; }))
    throw std::runtime_error{"the backlog does not flow"};
  full.central.stop();
  const Figure figure{
      "forwarder_memory",
      "forwarder with 1,000,000 waiting, anonymous memory, MiB",
      full.peak->anonymous_mib(),
      "",
      10,
      false,
      {{"resident, MiB", full.peak->resident_mib()}, {"waiting, readings", static_cast<double>(full.waiting)}}};
  full.peak.reset();
  return figure;
}

Figure measure_start(FullInbox& full) {
  std::vector<double> after_stop;
  std::vector<double> after_kill;
  const std::uint16_t port = full.central.port();
  for (int i = 0; i < kStarts; ++i) {
    full.relay.stop();
    after_stop.push_back(seconds_to_first_post(full, port));
    full.relay.kill();
    after_kill.push_back(seconds_to_first_post(full, port));
  }
  return {"start",
          "start to first POST with 1,000,000 waiting, the slower of both, s",
          std::max(median(after_stop), median(after_kill)),
          "",
          0.3,
          false,
          {{"after SIGTERM, s", median(after_stop)}, {"after kill -9, s", median(after_kill)}}};
}

// Seconds until a live reading of village B is at central while A's million drains.
Figure measure_other_village(FullInbox& full) {
  std::atomic<std::int64_t> taken_us{};
  const HttpSink central{
      full.central.port(), [&](std::string_view body, HttpSink::Clock::time_point when) {
        if (body.find("\"village\":\"B\"") == std::string_view::npos) return;
        taken_us = std::chrono::duration_cast<std::chrono::microseconds>(when - test::sent_at(body)).count();
      }};
  // A reading that comes before the forwarder has subscribed again is nobody's: the broker drops it.
  const auto ready = [&] { return central.posts() > 1'000 && full.relay.status("connected") == "true"; };
  if (!test::eventually(ready)) throw std::runtime_error{"the backlog does not flow"};
  std::vector<double> seconds;
  for (int i = 0; i < kLiveReadings; ++i) {
    taken_us = 0;
    test::Load live = fresh_load(full.broker, 1);
    live.villages = 1;
    live.village = "B";
    static_cast<void>(test::publish(live));
    if (!test::eventually([&] { return taken_us != 0; })) throw std::runtime_error{"B's reading does not arrive"};
    seconds.push_back(static_cast<double>(taken_us) / 1e6);
  }
  const double slowest = *std::max_element(seconds.begin(), seconds.end());
  return {"other_village",
          "1,000,000 waiting from A: B's live reading is at central after, s",
          slowest,
          "",
          2,
          false,
          {{"median, s", median(seconds)}}};
}

// As many come in as go out in each run, so that the full inbox stays full.
Figure measure_rate(FullInbox& full, const std::filesystem::path& folder, const Scale& scale) {
  const test::Broker broker{folder / "empty-broker"};
  test::Nginx central{folder / "empty-nginx"};
  test::Forwarder empty = forwarder(folder / "empty", broker, central.url());
  full.relay.stop();
  full.central.start();
  std::vector<double> empty_rates;
  std::vector<double> full_rates;
  for (int round = 0; round < scale.rounds; ++round) {
    empty.start();
    empty_rates.push_back(relay_rate(central, fresh_load(broker, scale.relayed)));
    empty.stop();
    full.relay.start();
    full_rates.push_back(relay_rate(full.central, fresh_load(full.broker, scale.relayed)));
    full.relay.stop();
  }
  return {"full_rate",
          "forwarder's rate with 1,000,000 waiting, of its rate with none",
          median(full_rates) / median(empty_rates),
          "",
          0.9,
          true,
          {{"empty inbox, readings/s", median(empty_rates)}, {"full inbox, readings/s", median(full_rates)}}};
}

}  // namespace

std::vector<Figure> measure_full_inbox(const Scale& scale) {
  const test::TemporaryDirectory folder;
  FullInbox full{folder.path(), scale};
  std::vector<Figure> figures;
  figures.push_back(measure_memory(full));
  figures.push_back(measure_start(full));
  figures.push_back(measure_other_village(full));
  figures.push_back(measure_rate(full, folder.path(), scale));
  return figures;
}

}  // namespace solar::bench
