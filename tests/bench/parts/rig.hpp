// What every measurement needs: relays with their real settings, and a look at their memory while they work.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/support/fixtures.hpp"
#include "tests/support/load.hpp"
#include "tests/support/nginx.hpp"

namespace solar::bench {

using test::Flags;

/// A null relay that is subscribed.
[[nodiscard]] test::Process start_null_relay(const test::Broker& broker, const std::string& api_url,
                                             const std::filesystem::path& folder);

/// A forwarder with the timers of the product, but that it knocks at central every second, so that no run waits for a
/// knock.
[[nodiscard]] test::Forwarder forwarder(std::filesystem::path folder, const test::Broker& broker,
                                        const std::string& api_url, Flags extra = {});

/// Readings that no run before had: each call has another token.
[[nodiscard]] test::Load fresh_load(const test::Broker& broker, std::uint64_t readings);

/// Readings per second from the first publish to the last answer.
[[nodiscard]] double relay_rate(test::Nginx& central, const test::Load& load);

/// The largest memory that a process had, looked at every 20 ms.
class MemoryPeak {
 public:
  explicit MemoryPeak(test::Process& process);
  ~MemoryPeak();
  MemoryPeak(const MemoryPeak&) = delete;
  MemoryPeak& operator=(const MemoryPeak&) = delete;

  [[nodiscard]] double anonymous_mib() const { return static_cast<double>(anonymous_kib_) / 1024; }
  [[nodiscard]] double resident_mib() const { return static_cast<double>(resident_kib_) / 1024; }

 private:
  void watch(pid_t pid);
  std::atomic<std::uint64_t> anonymous_kib_{};
  std::atomic<std::uint64_t> resident_kib_{};
  std::atomic<bool> stopping_{};
  std::thread thread_;
};

/// Waits until `process` has used no more than a little processor time for a second: it has done what it had to.
void wait_until_idle(test::Process& process);

}  // namespace solar::bench
