// Where readings come from.
#pragma once

#include <optional>
#include <vector>

#include "publisher/line_splitter.hpp"

namespace solar {

/// Gives readings as lines of text. Owner: the program. One thread calls `next`; `interrupt` from any.
class Source {
 public:
  virtual ~Source() = default;

  /// Waits for the next lines, at most some hundred; nullopt: the end, or interrupted. Throws std::system_error when it
  /// cannot be read.
  [[nodiscard]] virtual std::optional<std::vector<Line>> next() = 0;
  /// Ends a `next` that waits, and every later one.
  virtual void interrupt() = 0;
};

}  // namespace solar
