#include "tests/bench/parts/rig.hpp"

#include <random>
#include <stdexcept>

namespace solar::bench {

using std::chrono::milliseconds;

test::Process start_null_relay(const test::Broker& broker, const std::string& api_url,
                               const std::filesystem::path& folder) {
  const std::string url = "tcp://127.0.0.1:" + std::to_string(broker.port());
  const std::filesystem::path log = folder / "null_relay.log";
  std::filesystem::remove(log);  // the line of an earlier run would be taken for this one's
  test::Process process{{test::sibling("null_relay"), {"--broker-url", url, "--api-url", api_url}}, log};
  if (!process.wait_for_line("connected") || !process.running())
    throw std::runtime_error{"the null relay does not start"};
  return process;
}

test::Forwarder forwarder(std::filesystem::path folder, const test::Broker& broker, const std::string& api_url,
                          Flags extra) {
  Flags flags{"--receipt-interval", "1s",   "--retry-interval",  "10s", "--rest-first", "1min",
              "--knock-interval",   "1s",   "--request-timeout", "15s", "--log-level",  "INFO",
              "--inbox-max",        "8GiB", "--drain-timeout",   "0s"};
  flags.insert(flags.end(), extra.begin(), extra.end());
  return {std::move(folder), {broker.url(), api_url, "forwarder-0", std::move(flags)}};
}

test::Load fresh_load(const test::Broker& broker, std::uint64_t readings) {
  static std::mt19937_64 random{std::random_device{}()};
  test::Load load;
  load.port = broker.port();
  load.readings = readings;
  load.token = random() | 1U;
  return load;
}

double relay_rate(test::Nginx& central, const test::Load& load) {
  const std::uint64_t before = central.posts();
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(test::publish(load));
  const auto all_posted = [&] { return central.posts() >= before + load.readings; };
  if (!test::eventually(all_posted, milliseconds{300'000}, milliseconds{10}))
    throw std::runtime_error{"not all readings were relayed"};
  return static_cast<double>(load.readings) /
         std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

MemoryPeak::MemoryPeak(test::Process& process) : thread_{[this, pid = process.pid()] { watch(pid); }} {}

MemoryPeak::~MemoryPeak() {
  stopping_ = true;
  thread_.join();
}

void MemoryPeak::watch(pid_t pid) {
  while (!stopping_) {
    const test::Memory memory = test::memory_of(pid);
    anonymous_kib_ = std::max(anonymous_kib_.load(), memory.anonymous_kib);
    resident_kib_ = std::max(resident_kib_.load(), memory.resident_kib);
    std::this_thread::sleep_for(milliseconds{20});
  }
}

void wait_until_idle(test::Process& process) {
  milliseconds last = process.cpu_time();
  for (int quiet = 0; quiet < 5;) {
    std::this_thread::sleep_for(milliseconds{200});
    if (!process.running()) throw std::runtime_error{"a process of the bench ended: " + process.log().substr(0, 2000)};
    const milliseconds now = process.cpu_time();
    quiet = now - last <= milliseconds{10} ? quiet + 1 : 0;
    last = now;
  }
}

}  // namespace solar::bench
