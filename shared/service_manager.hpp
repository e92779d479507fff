// What a service manager (systemd) is told: that the program is up, that it lives, that it stops.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "shared/clock.hpp"
#include "shared/heartbeat.hpp"

namespace solar {

/// One message to the service manager, as sd_notify(3) writes it: "READY=1". Where none listens (no NOTIFY_SOCKET)
/// nothing happens; one that does not take it within two seconds is a line in the log. Threads: any.
void tell_service_manager(std::string_view message);

/// How often the service manager wants a sign of life, from WATCHDOG_USEC and WATCHDOG_PID, kept between 10 ms and an
/// hour; nullopt: it does not, or it asks another process.
[[nodiscard]] std::optional<Millis> watchdog_interval();

/// From its construction the service manager knows that the program is up; then, where it asks for that, that the
/// courier lives: WATCHDOG=1 twice per interval, on a thread of its own, and never while the heart does not beat.
/// Owner: the program, once all of it runs; heart and clock outlive it.
class Supervision {
 public:
  Supervision(const Heartbeat& heartbeat, const Clock& clock);
  ~Supervision();
  Supervision(const Supervision&) = delete;
  Supervision& operator=(const Supervision&) = delete;

 private:
  void run(Millis interval);

  const Heartbeat& heartbeat_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_{};
  std::thread thread_;
};

}  // namespace solar
