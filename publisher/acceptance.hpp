// From lines to rows of the outbox: the moment at which a reading is accepted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "publisher/source.hpp"
#include "shared/clock.hpp"
#include "shared/courier.hpp"
#include "shared/problem.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Where accepted ids are told, one a line: a file or standard output.
class AcceptedList {
 public:
  /// "": nowhere; "-": standard output. Throws std::system_error if the file cannot be opened; it is appended to.
  explicit AcceptedList(const std::string& path);
  void tell(std::span<const Appended> rows);

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };
  std::unique_ptr<std::FILE, Close> file_;
};

/// Completes and commits readings. Owner: the program. Threads: any; whoever accepts waits for the disk.
class Acceptance {
 public:
  Acceptance(Queue& queue, const Clock& clock, Origin origin, std::function<void()> wake);

  /// One reading; why not: the reading is wrong (Problem) or there is no room (QueueFull).
  [[nodiscard]] std::variant<RowId, Problem, QueueFull> accept(std::string_view line);

  /// Everything that `source` has, in batches of one commit each; a bad line is counted and logged, and the next one is
  /// taken. While there is no room the source waits, and nothing is lost. Returns at the source's end or after `stop`.
  void accept_all(Source& source, AcceptedList& accepted);
  void stop();

  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t bad_lines() const { return bad_lines_; }
  [[nodiscard]] bool full() const { return full_; }

 private:
  [[nodiscard]] Result<NewReading> completed(std::string_view line) const;
  void count_bad(const Problem& problem);
  void append_patiently(std::vector<NewReading>& readings, AcceptedList& accepted);

  Queue& queue_;
  const Clock& clock_;
  Origin origin_;
  std::function<void()> wake_;
  std::atomic<std::uint64_t> accepted_{};
  std::atomic<std::uint64_t> bad_lines_{};
  std::atomic<bool> full_{};
  std::mutex mutex_;
  std::condition_variable stop_bell_;
  bool stopped_{};
};

/// Commands that wait for a reading's receipt. Threads: any.
class Waiters {
 public:
  /// A row that is watched as long as this lives. Not longer than its Waiters; one thread.
  class Watch {
   public:
    Watch(Waiters& waiters, const RowId& row) : waiters_{&waiters}, row_{row} {}
    Watch(Watch&& other) noexcept : waiters_{std::exchange(other.waiters_, nullptr)}, row_{other.row_} {}
    Watch& operator=(Watch&&) = delete;
    ~Watch() {
      if (waiters_ != nullptr) waiters_->forget(row_);
    }

    [[nodiscard]] const RowId& row() const { return row_; }
    /// What became of the row, within `wait`.
    [[nodiscard]] std::optional<Settled> await(Millis wait) const { return waiters_->await(row_, wait); }

   private:
    Waiters* waiters_;
    RowId row_;
  };

  /// Runs `accept` so that its reading cannot be settled unseen, and watches the row.
  [[nodiscard]] std::variant<Watch, Problem, QueueFull> watch(
      const std::function<std::variant<RowId, Problem, QueueFull>()>& accept);
  void settled(std::span<const Settled> readings);
  /// Lets everybody go who waits.
  void stop();
  [[nodiscard]] std::size_t count() const;

 private:
  [[nodiscard]] std::optional<Settled> await(const RowId& row, Millis wait);
  void forget(const RowId& row);

  mutable std::mutex mutex_;
  std::condition_variable bell_;
  std::unordered_map<RowId, std::optional<Settled>> watched_;
  bool stopped_{};
};

}  // namespace solar
