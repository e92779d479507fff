#include <mutex>
#include <stdexcept>

#include "tests/bench/parts/parts.hpp"
#include "tests/bench/parts/rig.hpp"
#include "tests/support/http_sink.hpp"
#include "tests/support/net.hpp"

namespace solar::bench {
namespace {

using test::HttpSink;

constexpr double kRate = 500;

// Milliseconds from publish to answer, of all readings of one run.
class Latencies {
 public:
  void add(std::string_view body, HttpSink::Clock::time_point when) {
    const std::chrono::duration<double, std::milli> taken = when - test::sent_at(body);
    const std::lock_guard lock{mutex_};
    taken_ms_.push_back(taken.count());
  }
  [[nodiscard]] std::vector<double> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(taken_ms_, {});
  }
  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock{mutex_};
    return taken_ms_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<double> taken_ms_;
};

struct Tail {
  std::vector<double> p50_ms{};
  std::vector<double> p99_ms{};
};

void add_one_run(const test::Broker& broker, Latencies& latencies, const Scale& scale, Tail& tail) {
  static_cast<void>(latencies.take());
  test::Load load = fresh_load(broker, static_cast<std::uint64_t>(kRate * scale.seconds));
  load.rate = kRate;
  static_cast<void>(test::publish(load));
  if (!test::eventually([&] { return latencies.size() >= load.readings; }))
    throw std::runtime_error{"not all readings were relayed"};
  const std::vector<double> taken = latencies.take();
  tail.p50_ms.push_back(percentile(taken, 0.5));
  tail.p99_ms.push_back(percentile(taken, 0.99));
}

}  // namespace

std::vector<Figure> measure_relay(const Scale& scale) {
  const test::TemporaryDirectory folder;
  const test::Broker broker{folder.path() / "broker"};
  test::Nginx central{folder.path() / "nginx"};
  test::Forwarder durable = forwarder(folder.path() / "forwarder", broker, central.url());
  std::vector<double> null_rates;
  std::vector<double> rates;
  for (int round = 0; round < scale.rounds; ++round) {
    {
      const test::Process null_relay = start_null_relay(broker, central.url(), folder.path());
      null_rates.push_back(relay_rate(central, fresh_load(broker, scale.relayed)));
    }
    durable.start();
    rates.push_back(relay_rate(central, fresh_load(broker, scale.relayed)));
    durable.stop();
  }
  const double null_rate = median(null_rates);
  const double rate = median(rates);
  return {{"relay_ratio",
           "forwarder's relay rate, of a null relay's",
           rate / null_rate,
           "",
           0.6,
           true,
           {{"null relay, readings/s", null_rate}}},
          {"relay_rate", "forwarder's relay rate, readings/s", rate, "", 5000, true, {}}};
}

std::vector<Figure> measure_latency(const Scale& scale) {
  const test::TemporaryDirectory folder;
  const test::Broker broker{folder.path() / "broker"};
  Latencies latencies;
  const std::uint16_t port = test::free_port();
  const HttpSink central{port,
                         [&](std::string_view body, HttpSink::Clock::time_point when) { latencies.add(body, when); }};
  test::Forwarder durable = forwarder(folder.path() / "forwarder", broker, test::api_url(port));
  Tail null_tail;
  Tail tail;
  for (int round = 0; round < scale.rounds; ++round) {
    {
      const test::Process null_relay = start_null_relay(broker, test::api_url(port), folder.path());
      add_one_run(broker, latencies, scale, null_tail);
    }
    durable.start();
    add_one_run(broker, latencies, scale, tail);
    durable.stop();
  }
  return {{"latency_ratio",
           "publish to central's 2xx at 500/s, p99, of the same without stores",
           median(tail.p99_ms) / median(null_tail.p99_ms),
           "",
           4,
           false,
           {{"null relay, p50 ms", median(null_tail.p50_ms)},
            {"null relay, p99 ms", median(null_tail.p99_ms)},
            {"forwarder, p50 ms", median(tail.p50_ms)},
            {"forwarder, p99 ms", median(tail.p99_ms)}}}};
}

}  // namespace solar::bench
