// What Paho's threads tell the courier's thread about one connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/clock.hpp"

namespace solar::mqtt_session {

/// The broker took our CONNECT, and what it asks of us.
struct Greeted {
  bool session_present{};
  std::size_t receive_maximum{65'535};
  std::size_t maximum_packet_bytes{std::numeric_limits<std::size_t>::max()};
  std::optional<Millis> keepalive{};  ///< nullopt: ours will do
};
/// The try to connect failed; `reason` is an MQTT v5 reason code, 0 where the broker gave none.
struct Refusal {
  int reason{};
  std::string text;
};
/// The connection ended; `reason` is that of the broker's DISCONNECT, 0 without one.
struct Loss {
  int reason{};
};
/// SUBACK: the granted QoS or a reason from 0x80.
struct SubscribeAnswer {
  std::string filter;
  int reason{};
};
/// UNSUBACK.
struct UnsubscribeAnswer {
  std::string filter;
  int reason{};
};
/// A PUBACK with a reason from 0x80.
struct PublishRefusal {
  std::string topic;
  int reason{};
};
using Note = std::variant<Greeted, Refusal, Loss, SubscribeAnswer, UnsubscribeAnswer, PublishRefusal>;

/// One per connection, so that nothing late can be taken for news of the next one. Threads: any. The mutex is held to
/// push or swap only, never while calling anybody.
class Mailbox {
 public:
  static constexpr std::size_t kNotesMax = 256;

  void push(Note note) {
    const std::lock_guard guard{mutex_};
    if (notes_.size() < kNotesMax) {
      notes_.push_back(std::move(note));
    } else {
      overflowed_ = true;
    }
  }

  [[nodiscard]] std::vector<Note> take() {
    const std::lock_guard guard{mutex_};
    return std::exchange(notes_, {});
  }

  [[nodiscard]] bool empty() const {
    const std::lock_guard guard{mutex_};
    return notes_.empty();
  }

  /// Notes were lost: the connection's state is not known any more.
  [[nodiscard]] bool overflowed() const {
    const std::lock_guard guard{mutex_};
    return overflowed_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Note> notes_;
  bool overflowed_{};
};

/// Publishes without a PUBACK. Threads: any.
class InFlight {
 public:
  void add() { count_.fetch_add(1, std::memory_order_relaxed); }
  /// The count before.
  std::size_t remove() { return count_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> count_{};
};

}  // namespace solar::mqtt_session
