// Virtual time: what happens when, in one order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "shared/clock.hpp"

namespace solar::test {

/// Events of the same moment happen in the order in which they were planned. One thread.
class Schedule {
 public:
  using What = std::function<void()>;

  [[nodiscard]] Millis now() const { return now_; }
  void at(Millis when, What what) {
    entries_.push_back({.at = std::max(when, now_), .order = ++order_, .what = std::move(what)});
    std::push_heap(entries_.begin(), entries_.end(), later);
  }
  void after(Millis wait, What what) { at(now_ + wait, std::move(what)); }

  /// The next event up to `end`; false: there is none, and it is `end` now.
  bool step(Millis end) {
    if (entries_.empty() || entries_.front().at > end) {
      now_ = std::max(now_, end);
      return false;
    }
    std::pop_heap(entries_.begin(), entries_.end(), later);
    const Entry entry = std::move(entries_.back());
    entries_.pop_back();
    now_ = entry.at;
    ++steps_;
    entry.what();
    return true;
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  struct Entry {
    Millis at;
    std::uint64_t order;
    What what;
  };
  static bool later(const Entry& a, const Entry& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }

  Millis now_{};
  std::uint64_t order_{};
  std::uint64_t steps_{};
  std::vector<Entry> entries_;
};

}  // namespace solar::test
