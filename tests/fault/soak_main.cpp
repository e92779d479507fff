// soak: connections that never last, and rotating faults, for as long as one likes; memory, files and threads stay
// flat.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/fault/kinds/trial.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr double kWarmUpShare = 0.2;        // of the time: allocators and page caches fill
constexpr double kGrowthMaxKib = 5 * 1024;  // in kGrowthOver reconnects
constexpr double kGrowthOver = 10'000;
constexpr std::size_t kFilesMoreMax = 2;      // a connection that is just being made
constexpr std::size_t kThreadsMoreMax = 2;    // Paho's, of the same
constexpr std::uint64_t kReconnectsMin = 10;  // of each process, in one storm: a third of what an idle machine does
constexpr seconds kStormFor{8};
constexpr seconds kQuietWithin{60};  // the longest drain that prove has seen is 15 s
constexpr int kReadingsPerStep = 4;

struct Sample {
  std::uint64_t reconnects{};
  std::uint64_t resident_kib{};
  std::size_t files{};
  std::size_t threads{};
};

/// A process that must not grow, behind a proxy of its own.
struct Watched {
  std::string name;
  std::function<Process&()> process;
  std::unique_ptr<TcpProxy> proxy;
  steady_clock::time_point cut_at{};
  std::vector<Sample> samples{};

  /// Connections on which the broker answered: a CONNACK.
  [[nodiscard]] std::uint64_t reconnects() const { return proxy->traffic().answered; }
  void sample() {
    const Process& running = process();
    samples.push_back({reconnects(), running.memory().resident_kib, running.open_files(), running.threads()});
  }
};

std::uint64_t median(std::vector<std::uint64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// A quarter of what came after the warm-up: the first or the last.
std::vector<Sample> quarter(const std::vector<Sample>& samples, bool last) {
  const auto size = static_cast<std::ptrdiff_t>(samples.size());
  const auto begin = static_cast<std::ptrdiff_t>(static_cast<double>(size) * kWarmUpShare);
  const std::ptrdiff_t length = std::max<std::ptrdiff_t>(1, (size - begin) / 4);
  const auto from = last ? samples.end() - length : samples.begin() + begin;
  return {from, from + length};
}

Sample typical(const std::vector<Sample>& samples) {
  Sample result;
  std::vector<std::uint64_t> resident;
  std::vector<std::uint64_t> reconnects;
  for (const Sample& sample : samples) {
    reconnects.push_back(sample.reconnects);
    resident.push_back(sample.resident_kib);
    result.files = std::max(result.files, sample.files);
    result.threads = std::max(result.threads, sample.threads);
  }
  result.resident_kib = median(std::move(resident));
  result.reconnects = median(std::move(reconnects));
  return result;
}

/// In kGrowthOver reconnects, as between these two; of a run too short to tell, what it was.
double growth_kib(const Sample& before, const Sample& after) {
  const double growth = static_cast<double>(after.resident_kib) - static_cast<double>(before.resident_kib);
  const auto reconnects = static_cast<double>(after.reconnects - before.reconnects);
  return reconnects < kGrowthOver / 20 ? growth : growth * kGrowthOver / reconnects;
}

class Soak {
 public:
  Soak(double minutes, std::uint64_t seed)
      : random_{seed}, trial_{options()}, end_{steady_clock::now() + to_duration(minutes)} {
    for (Forwarder& forwarder : trial_.forwarders) {
      watch(
          "forwarder", [&]() -> Process& { return forwarder.process(); }, forwarder.options().broker_url);
    }
    for (Publisher& publisher : trial_.publishers) {
      watch(
          "publisher", [&]() -> Process& { return publisher.process(); }, publisher.options().broker_url);
    }
    for (Forwarder& forwarder : trial_.forwarders) forwarder.start_without_waiting();
    for (Publisher& publisher : trial_.publishers) publisher.start();
  }

  int run() {
    for (; steady_clock::now() < end_; ++turns_) {
      storm();
      fault(turns_ % 5);
      quiet();
      for (Watched& each : watched_) each.sample();
    }
    return report();
  }

 private:
  static Trial::Options options() {
    const Flags often{"--log-level", "ERROR", "--reconnect-max", "10ms"};
    Flags forwarder = often;
    forwarder.insert(forwarder.end(), {"--window-max", "8"});  // as many idle connections to central, soon reached
    return {.villages = 2, .forwarders = 1, .publisher_extra = often, .forwarder_extra = forwarder};
  }

  static steady_clock::duration to_duration(double minutes) {
    return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(minutes * 60));
  }

  void watch(std::string name, std::function<Process&()> process, std::string& broker_url) {
    auto proxy = std::make_unique<TcpProxy>(trial_.broker.port());
    broker_url = "mqtt://127.0.0.1:" + std::to_string(proxy->port());
    watched_.push_back({.name = name + " " + std::to_string(watched_.size()),
                        .process = std::move(process),
                        .proxy = std::move(proxy)});
  }

  /// Connections end after up to 200 ms each, while readings flow.
  void storm() {
    const auto until = steady_clock::now() + kStormFor;
    while (steady_clock::now() < until) {
      for (Watched& each : watched_) {
        if (steady_clock::now() < each.cut_at) continue;
        each.proxy->cut();
        each.cut_at = steady_clock::now() + milliseconds{between(random_, 20, 200)};
      }
      trial_.feed(between(random_, 0, kReadingsPerStep));
      at_any_moment(random_, milliseconds{50});
    }
  }

  void fault(int which) {
    trial_.count_faults();
    switch (which) {
      case 0:
        trial_.central.answer_always(503);
        at_any_moment(random_, seconds{2});
        return trial_.central.heal();
      case 1:
        trial_.kill_central();
        at_any_moment(random_, seconds{2});
        return trial_.central.start();
      case 2:
        trial_.broker.kill();
        trial_.broker.wipe();
        return trial_.broker.start();
      case 3:
        return stall();
      default:
        return trial_.broker.restart();
    }
  }

  void stall() {
    for (Watched& each : watched_) each.proxy->stall(true);
    at_any_moment(random_, seconds{2});
    for (Watched& each : watched_) each.proxy->stall(false);
  }

  /// All connections stand again and what waited has gone: the state in which samples compare.
  void quiet() {
    std::vector<std::size_t> before;
    for (const Publisher& publisher : trial_.publishers) before.push_back(publisher.accepted().size());
    trial_.feed(1);
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!trial_.publishers[i].accepts(before[i] + 1)) trial_.complain("a publisher does not accept any more");
    }
    const auto rests = [](const auto& program) {
      return program.status("connected") == "true" && program.status("waiting") == "0";
    };
    const auto all_rest = [&] {
      return std::ranges::all_of(trial_.publishers, rests) && std::ranges::all_of(trial_.forwarders, rests);
    };
    if (!eventually(all_rest, kQuietWithin, milliseconds{100}))
      trial_.complain("it does not come to rest after a storm");
  }

  int report() {
    int bad = 0;
    std::printf(
        "| process | reconnects | resident KiB | KiB more in 10,000 | open files | threads "
        "|\n|---|---|---|---|---|---|\n");
    for (const Watched& each : watched_) {
      const Sample before = typical(quarter(each.samples, false));
      const Sample after = typical(quarter(each.samples, true));
      const double growth = growth_kib(before, after);
      const bool tried = each.reconnects() >= kReconnectsMin * static_cast<std::uint64_t>(turns_);
      const bool flat = growth <= kGrowthMaxKib && after.files <= before.files + kFilesMoreMax &&
                        after.threads <= before.threads + kThreadsMoreMax;
      bad += flat && tried ? 0 : 1;
      std::printf("| %s | %llu | %llu -> %llu | %.0f | %zu -> %zu | %zu -> %zu |%s%s\n", each.name.c_str(),
                  static_cast<unsigned long long>(each.reconnects()),
                  static_cast<unsigned long long>(before.resident_kib),
                  static_cast<unsigned long long>(after.resident_kib), growth, before.files, after.files,
                  before.threads, after.threads, flat ? "" : " GROWS", tried ? "" : " TOO FEW RECONNECTS");
    }
    const Tally tally = trial_.conclude();
    std::printf("\n%llu faults beside, %llu accepted, %llu delivered, %llu lost, %llu duplicates\n",
                static_cast<unsigned long long>(tally.faults), static_cast<unsigned long long>(tally.accepted),
                static_cast<unsigned long long>(tally.delivered), static_cast<unsigned long long>(tally.lost),
                static_cast<unsigned long long>(tally.duplicates));
    for (const std::string& complaint : tally.complaints) std::printf("BAD: %s\n", complaint.c_str());
    return bad == 0 && tally.good() ? 0 : 1;
  }

  Random random_;
  Trial trial_;
  steady_clock::time_point end_;
  int turns_{};
  std::deque<Watched> watched_;
};

}  // namespace
}  // namespace solar::test

int main(int argc, char** argv) {
  double minutes = 30;
  std::uint64_t seed = 1;
  CLI::App app{
      "Cuts the connections of a forwarder and two publishers several times a second, with other faults between.\n"
      "Exit code 1 if one of them grows by more than 5 MiB in 10,000 reconnects, by files or by threads, reconnects "
      "fewer than 10 times in a storm of 8 s, or if a reading is lost."};
  app.add_option("--minutes", minutes, "how long")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "of everything that is random")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return solar::test::Soak{minutes, seed}.run();
}
