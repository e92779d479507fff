// What one thread leaves for another, bounded.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

#include "shared/clock.hpp"

namespace solar {

/// A bounded box of messages with a bell. Any thread puts and rings; one thread takes. The lock is held for a push or a
/// swap only.
template <class Message>
class Mailbox {
 public:
  explicit Mailbox(std::size_t max_messages, std::size_t max_bytes = 0)
      : max_messages_{max_messages}, max_bytes_{max_bytes} {}

  /// False: the box is full and the message, of so many bytes where these are limited, is dropped.
  bool put(Message message, std::size_t bytes = 0) {
    {
      const std::lock_guard lock{mutex_};
      if (messages_.size() == max_messages_ || bytes > max_bytes_ - bytes_) return false;
      messages_.push_back(std::move(message));
      bytes_ += bytes;
      rung_ = true;
    }
    bell_.notify_one();
    return true;
  }

  /// Ends a `take` that waits, or the next one.
  void ring() {
    {
      const std::lock_guard lock{mutex_};
      rung_ = true;
    }
    bell_.notify_one();
  }

  /// Everything in the box; waits up to `wait` for a message or the bell.
  [[nodiscard]] std::deque<Message> take(Millis wait) {
    std::unique_lock lock{mutex_};
    if (wait.count() > 0) bell_.wait_for(lock, wait, [this] { return rung_; });
    rung_ = false;
    bytes_ = 0;
    return std::exchange(messages_, {});
  }

 private:
  std::size_t max_messages_;
  std::size_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable bell_;
  std::deque<Message> messages_;
  std::size_t bytes_{};
  bool rung_{};
};

}  // namespace solar
