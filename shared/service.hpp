// What a long-running process needs from the operating system: to be alone, to be stopped, to be small.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <variant>

#include "shared/clock.hpp"
#include "shared/file_descriptor.hpp"

namespace solar {

/// One owner per database: an flock on `<database>.lock` that holds the owner's pid. The kernel drops it at any death;
/// the file stays.
class InstanceLock {
 public:
  /// The lock, or the pid of the one who still has it after `patience` (0: not readable). Throws std::system_error if
  /// the file cannot be made.
  [[nodiscard]] static std::variant<InstanceLock, pid_t> acquire(const std::filesystem::path& database,
                                                                 Millis patience = Millis{0});

 private:
  explicit InstanceLock(FileDescriptor file) : file_{std::move(file)} {}
  FileDescriptor file_;
};

/// SIGTERM and SIGINT as a callback on a thread of its own; SIGPIPE is ignored. Construct before any other thread
/// starts, and once. A second signal ends the process at once, with 128 + its number.
class StopSignal {
 public:
  explicit StopSignal(std::function<void()> on_stop);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// How long a starting owner waits for another to let go: a command such as `status` owns a database for a moment.
inline constexpr Millis kOwnerLeaving{3'000};

/// Keeps the resident memory of a small program small: one malloc arena, low mmap and trim thresholds. Call first.
void limit_memory_arenas();

/// Takes what names a proxy out of the environment, where curl and Paho would look for it: another's 2xx would count as
/// central's. Call before any thread starts.
void forget_proxies();

}  // namespace solar
