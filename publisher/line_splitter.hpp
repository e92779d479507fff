// Bytes into lines, with a limit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace solar {

/// A line without its line end.
struct Line {
  std::string text;  ///< of a line that is too long: its beginning
  bool too_long{};

  bool operator==(const Line&) const = default;
};

/// Splits at '\n'; never holds more than `max_bytes` of a line.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_bytes) : max_bytes_{max_bytes} {}

  /// The lines that `bytes` complete.
  [[nodiscard]] std::vector<Line> feed(std::string_view bytes);
  /// The end of input ends a line too: the last one, if there is any.
  [[nodiscard]] std::vector<Line> finish();

 private:
  void add(std::string_view part);
  Line take();

  std::size_t max_bytes_;
  std::string partial_;
  bool too_long_{};
};

}  // namespace solar
