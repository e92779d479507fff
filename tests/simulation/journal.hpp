// What happened in a history: a hash always, text where a person will read it, and which faults bit.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/simulation/bites.hpp"
#include "tests/simulation/schedule.hpp"

namespace solar::test {

/// Something happened that must never happen: the end of the history.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Owner: the world. One thread.
class Journal {
 public:
  enum class Text { None, Last, Printed };  ///< Last: kLinesKept; Printed: also to standard output at once
  static constexpr std::size_t kLinesKept = 200;

  Journal(const Schedule& schedule, Text text) : schedule_{schedule}, text_{text} {}

  /// "gateway {} accepts reading {}", with its numbers; part of the hash.
  void note(std::string_view what, std::initializer_list<std::int64_t> numbers = {});
  /// A line for people only.
  void remark(std::string_view line);
  [[nodiscard]] bool has_text() const { return text_ != Text::None; }

  void bite(Bite bite) { ++bites_[static_cast<std::size_t>(bite)]; }
  [[nodiscard]] const BiteCounts& bites() const { return bites_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }
  [[nodiscard]] std::uint64_t lines_dropped() const { return lines_dropped_; }

  /// "01:02:03.004"
  [[nodiscard]] static std::string clock_text(Millis at);

 private:
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001B3ULL; }

  const Schedule& schedule_;
  Text text_;
  std::uint64_t hash_{0xCBF29CE484222325ULL};
  BiteCounts bites_{};
  std::deque<std::string> lines_;
  std::uint64_t lines_dropped_{};
};

/// "{}" replaced by the numbers.
[[nodiscard]] std::string filled_in(std::string_view what, std::initializer_list<std::int64_t> numbers);

}  // namespace solar::test
