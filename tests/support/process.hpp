// Child processes that end with their owner, whatever happens.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/wait.hpp"

namespace solar::test {

struct Memory {
  std::uint64_t resident_kib{};
  std::uint64_t anonymous_kib{};
};

/// The memory of any process of ours; zeros once it has ended. Any thread.
[[nodiscard]] Memory memory_of(pid_t pid);

/// What to run. `program` without a slash is looked for in PATH.
struct Command {
  std::filesystem::path program{};
  std::vector<std::string> arguments{};
  std::vector<std::pair<std::string, std::string>> environment{};  ///< added to, or instead of, what the test has
  std::filesystem::path standard_input{"/dev/null"};               ///< empty: a pipe that `write` feeds
};

/// How a process ended: `status` as a shell shows it, 128 + signal after one.
struct Exit {
  int status{};
  bool by_signal{};

  bool operator==(const Exit&) const = default;
};

/// A running program. Standard output and error go to two files. Dies with SIGKILL at the end of this object, and with
/// the thread that started it (PR_SET_PDEATHSIG), so that a test that crashes leaves nothing behind. Owner: one thread.
class Process {
 public:
  /// Starts it; `log` is its standard error, `log` + ".out" its standard output, both appended to. Throws
  /// std::system_error.
  Process(const Command& command, std::filesystem::path log);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void signal(int number) const;
  /// SIGSTOP, and waits until none of its threads runs any more. Throws std::runtime_error.
  void freeze() const;
  /// SIGKILL, and waits for the end.
  void kill();
  /// SIGTERM; how it ended, after SIGKILL if it took longer than `patience`.
  Exit stop(std::chrono::milliseconds patience = kPatience);
  /// How it ended; nullopt: it runs on.
  [[nodiscard]] std::optional<Exit> wait(std::chrono::milliseconds patience = kPatience);

  /// False once the process does not read any more. Blocks while the pipe is full, and throws std::runtime_error where
  /// that lasts.
  bool write(std::string_view bytes, std::chrono::milliseconds patience = kPatience);
  void close_input();

  [[nodiscard]] std::string log() const;     ///< standard error so far
  [[nodiscard]] std::string output() const;  ///< standard output so far
  /// The first line of standard error or output that holds `text`; waits for it.
  [[nodiscard]] std::optional<std::string> wait_for_line(std::string_view text,
                                                         std::chrono::milliseconds patience = kPatience) const;

  [[nodiscard]] Memory memory() const { return memory_of(pid_); }
  [[nodiscard]] std::size_t open_files() const;
  [[nodiscard]] std::size_t threads() const;
  [[nodiscard]] std::chrono::milliseconds cpu_time() const;

 private:
  pid_t pid_{-1};
  int input_{-1};
  std::filesystem::path log_;
  std::optional<Exit> exit_;
};

/// What a program did from start to end.
struct Finished {
  Exit exit;
  std::string output;
  std::string log;
};

/// Runs `command` to its end; `patience` over, it is killed.
[[nodiscard]] Finished run(const Command& command, std::chrono::milliseconds patience = kPatience);

/// A folder that goes with this object; it stays after `keep`, and when SOLAR_KEEP_FILES is set.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& below = std::filesystem::temp_directory_path());
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  void keep() { kept_ = true; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool kept_{};
};

/// A program of this project: beside the test executable, or in the folder that SOLAR_BIN_DIR names.
[[nodiscard]] std::filesystem::path sibling(std::string_view program);

/// The text of a file; empty if there is none.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);
/// For the owner's eyes only, and at once: a reader sees the old text or the new one.
void write_secret(const std::filesystem::path& path, std::string_view text);

}  // namespace solar::test
