// An MqttSession with everything that it told, driven as a courier would.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/mqtt_session.hpp"
#include "tests/support/wait.hpp"

namespace solar::test {

/// Options for tests: no long waits between tries.
[[nodiscard]] inline MqttOptions quick_options(std::string url, std::string client_id = "gateway") {
  MqttOptions options;
  options.url = std::move(url);
  options.client_id = std::move(client_id);
  options.reconnect_min = Millis{50};
  options.reconnect_max = Millis{400};
  options.reconnect_spread = Millis{100};
  options.connect_timeout = Millis{10'000};
  return options;
}

class WatchedSession {
 public:
  explicit WatchedSession(MqttOptions options)
      : session_{std::move(options), [this](const MqttMessage& message) { keep(message); }, [this] { ++wakes_; }} {}

  MqttSession& operator*() { return session_; }
  MqttSession* operator->() { return &session_; }

  /// Ticks and takes events until `condition`, or kPatience is over.
  template <class Condition>
  [[nodiscard]] bool until(Condition condition, std::chrono::milliseconds patience = kPatience) {
    return eventually(
        [&] {
          turn();
          return condition();
        },
        patience);
  }
  [[nodiscard]] bool until_connected() {
    return until([this] { return session_.connected(); });
  }
  /// Waits for the next event of a kind after those asked for before.
  template <class Event>
  [[nodiscard]] std::optional<Event> next(std::chrono::milliseconds patience = kPatience) {
    std::optional<Event> found;
    const auto look = [&] {
      while (!found && seen_ < events_.size()) {
        if (const auto* const event = std::get_if<Event>(&events_[seen_++])) found = *event;
      }
      return found.has_value();
    };
    static_cast<void>(until(look, patience));
    return found;
  }
  template <class Event>
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(),
                                                  [](const MqttEvent& e) { return std::holds_alternative<Event>(e); }));
  }

  [[nodiscard]] std::vector<MqttMessage> messages() const {
    const std::lock_guard guard{mutex_};
    return messages_;
  }
  [[nodiscard]] bool has(std::string_view payload) const {
    const std::lock_guard guard{mutex_};
    return std::any_of(messages_.begin(), messages_.end(), [&](const MqttMessage& m) { return m.payload == payload; });
  }
  [[nodiscard]] bool until_has(std::string_view payload) {
    return until([&] { return has(payload); });
  }
  [[nodiscard]] std::size_t wakes() const { return wakes_; }

 private:
  void keep(const MqttMessage& message) {
    const std::lock_guard guard{mutex_};
    messages_.push_back(message);
  }
  void turn() {
    const auto now = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
    static_cast<void>(session_.tick({now, now}));
    for (auto& event : session_.take_events()) events_.push_back(std::move(event));
  }

  mutable std::mutex mutex_;
  std::vector<MqttMessage> messages_;
  std::atomic<std::size_t> wakes_{};
  std::vector<MqttEvent> events_;
  std::size_t seen_{};
  MqttSession session_;  // last: its threads call into the others
};

}  // namespace solar::test
