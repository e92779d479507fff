// A sink that a test scripts: what it answers, and when, in virtual time.
#pragma once

#include <cassert>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "shared/sink.hpp"

namespace solar::test {

struct Answer {
  Millis after{};
  Outcome outcome;
};

inline Answer delivered(Millis after = Millis{100}) { return {after, Delivered{}}; }
inline Answer refused(Millis after = Millis{100}) { return {after, Refused{.why = "wrong"}}; }
inline Answer unavailable(Cause cause, Millis after = Millis{100}, std::optional<Millis> retry_after = std::nullopt) {
  return {after, Unavailable{.cause = cause, .why = to_string(cause), .retry_after = retry_after}};
}

class ScriptedSink final : public Sink {
 public:
  struct Sent {
    Millis at{};  ///< steady
    std::size_t message{};
    Parcel parcel;
  };
  /// nullopt: no answer ever comes.
  using Script = std::function<std::optional<Answer>(const Parcel&)>;

  Script script = [](const Parcel&) { return std::optional{delivered()}; };
  std::size_t free_room{1'000'000};
  Millis steady{};
  std::vector<Sent> sent;
  std::size_t messages{};

  [[nodiscard]] std::size_t room() const override { return free_room; }

  void send(std::span<const Parcel> batch) override {
    assert(free_room > 0 && !batch.empty());
    for (const Parcel& parcel : batch) {
      sent.push_back({.at = steady, .message = messages, .parcel = parcel});
      if (auto answer = script(parcel)) {
        answers_.emplace(steady + answer->after, Completion{.row = parcel.row, .outcome = std::move(answer->outcome)});
      }
    }
    ++messages;
  }

  [[nodiscard]] std::vector<Completion> poll(Millis) override {
    std::vector<Completion> due;
    while (!answers_.empty() && answers_.begin()->first <= steady) {
      due.push_back(std::move(answers_.begin()->second));
      answers_.erase(answers_.begin());
    }
    return due;
  }
  void wake() override {}

  /// An answer that nothing sent has asked for.
  void answer(const RowId& row, Outcome outcome) { answers_.emplace(steady, Completion{row, std::move(outcome)}); }
  [[nodiscard]] std::optional<Millis> next_answer() const {
    if (answers_.empty()) return std::nullopt;
    return answers_.begin()->first;
  }
  /// The link is gone: what is on its way never comes.
  void lose_answers() { answers_.clear(); }

  [[nodiscard]] std::vector<Millis> times_of(const RowId& row) const {
    std::vector<Millis> times;
    for (const Sent& one : sent) {
      if (one.parcel.row == row) times.push_back(one.at);
    }
    return times;
  }
  /// How many readings each message had.
  [[nodiscard]] std::vector<std::size_t> message_sizes() const {
    std::vector<std::size_t> sizes(messages);
    for (const Sent& one : sent) ++sizes[one.message];
    return sizes;
  }

 private:
  std::multimap<Millis, Completion> answers_;
};

}  // namespace solar::test
