// What a long-running process needs from the operating system: to be alone, to be stopped, to be small.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace solar {

/// One owner per database: an flock on `<database>.lock` that holds the owner's pid. The kernel drops it at any death.
class InstanceLock {
 public:
  /// The lock, or the pid of the one who has it (0: not readable). Throws std::system_error if the file cannot be made.
  [[nodiscard]] static std::variant<InstanceLock, pid_t> acquire(const std::filesystem::path& database);
  InstanceLock(InstanceLock&& other) noexcept;
  InstanceLock& operator=(InstanceLock&&) = delete;
  ~InstanceLock();

 private:
  explicit InstanceLock(int fd) : fd_{fd} {}
  int fd_;
};

/// SIGTERM and SIGINT as a callback on a thread of its own; SIGPIPE is ignored. Construct before any other thread starts.
/// A second signal ends the process at once, with 128 + its number.
class StopSignal {
 public:
  explicit StopSignal(std::function<void()> on_stop);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  [[nodiscard]] bool requested() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Keeps the resident memory of a small program small: one malloc arena, low mmap and trim thresholds. Call first.
void limit_memory_arenas();

}  // namespace solar
