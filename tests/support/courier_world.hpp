// A courier between a real queue and a scripted sink, in virtual time that its own `next` drives.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "shared/courier.hpp"
#include "tests/support/queue_room.hpp"
#include "tests/support/scripted_sink.hpp"

namespace solar::test {

/// A forwarder's side, as the program sets it up.
inline CourierPolicy rounds_policy() {
  return {.window = {.min = 1, .start = 4, .max = 64, .growth = Window::Growth::PerRoundTrip},
          .in_hand_max = 1'024,
          .side = CourierPolicy::Rounds{}};
}

/// A publisher's side, as the program sets it up.
inline CourierPolicy receipts_policy() {
  return {.window = {.min = 1, .start = 100, .max = 1'000, .growth = Window::Growth::PerSuccess},
          .in_hand_max = 1'024,
          .side = CourierPolicy::Receipts{}};
}

/// After every tick it checks what holds always: bounds, and that the courier does not ask for a tick in which nothing
/// happens. Breaks are thrown, so that they fail the test.
class CourierWorld {
 public:
  explicit CourierWorld(CourierPolicy policy, const QueueOptions& options = in_memory(),
                        const std::vector<NewReading>& waiting = {})
      : queue{options}, policy_{policy} {
    if (!waiting.empty()) accept(queue, waiting);
    start();
  }

  Queue queue;
  ScriptedSink sink;
  Now now{.steady = Millis{5'000'000}, .wall = kWall};
  double chance{};
  std::vector<Settled> settled;

  /// A crash and a restart: what the courier knew is gone.
  void start() {
    courier_ = std::make_unique<Courier>(queue, sink, policy_, [this] { return chance; });
  }
  [[nodiscard]] Courier& courier() { return *courier_; }
  [[nodiscard]] CourierStats stats() const { return courier_->stats(); }
  [[nodiscard]] std::uint64_t waiting() { return queue.stats(now.wall).waiting; }
  /// Steady time since the world began.
  [[nodiscard]] Millis age() const { return now.steady - Millis{5'000'000}; }

  std::vector<Appended> accept_now(const std::vector<NewReading>& readings) {
    return accept(queue, readings, now.wall);
  }

  /// Ticks until the courier has nothing left to do at this moment; tells when it wants to be called next.
  Millis tick() {
    for (int ticks = 0; ticks < 10'000; ++ticks) {
      sink.steady = now.steady;
      const auto completions = sink.poll(Millis{0});
      const std::size_t sent_before = sink.sent.size();
      TickResult result = courier_->tick(now, completions);
      check_bounds();
      const bool idle = completions.empty() && sink.sent.size() == sent_before && result.settled.empty();
      std::move(result.settled.begin(), result.settled.end(), std::back_inserter(settled));
      if (result.next > now.steady) return result.next;
      if (idle)
        throw std::logic_error{"busy: an idle tick asks for another at once, after " + std::to_string(age().count()) +
                               " ms"};
    }
    throw std::logic_error{"busy: 10,000 ticks at one moment"};
  }

  /// Everything that happens in the next `duration`, its end included.
  void run_for(Millis duration) {
    const Millis end = now.steady + duration;
    while (true) {
      Millis next = tick();
      if (const auto answer = sink.next_answer()) next = std::min(next, *answer);
      if (next > end) break;
      advance_to(next);
    }
    advance_to(end);
  }

  /// Until all that waits is settled; tells how long it took.
  Millis drain(Millis patience) {
    const Millis begin = now.steady;
    while (waiting() > 0) {
      if (now.steady - begin > patience) throw std::logic_error{std::to_string(waiting()) + " readings still wait"};
      Millis next = tick();
      if (waiting() == 0) break;
      if (const auto answer = sink.next_answer()) next = std::min(next, *answer);
      advance_to(next);
    }
    return now.steady - begin;
  }

 private:
  void advance_to(Millis steady) {
    now.wall += steady - now.steady;
    now.steady = steady;
    sink.steady = steady;
  }

  void check_bounds() {
    const CourierStats stats = courier_->stats();
    if (stats.in_hand > policy_.in_hand_max) throw std::logic_error{"more in hand than allowed"};
    if (stats.window < policy_.window.min || stats.window > policy_.window.max)
      throw std::logic_error{"window out of bounds"};
    if (stats.open > policy_.window.max) throw std::logic_error{"more open than any window allows"};
  }

  CourierPolicy policy_;
  std::unique_ptr<Courier> courier_;
};

inline constexpr Millis kSecond{1'000};
inline constexpr Millis kMinute{60'000};
inline constexpr Millis kHour{3'600'000};

}  // namespace solar::test
