// What is wrong with an input, said once and in full: the value that every decoder returns instead of throwing.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace solar {

/// One clear line about bad input: what was wrong, the value (shortened), what to do.
struct Problem {
  std::string what;
  std::string value;   ///< already `shortened`; empty where there is nothing to show
  std::string advice;  ///< empty where `what` says it all

  bool operator==(const Problem&) const = default;
};

/// Either the value or why there is none. REQUIRES: T is not Problem.
template <class T>
using Result = std::variant<T, Problem>;

/// "what: "value"; advice" on one line.
[[nodiscard]] std::string to_line(const Problem& problem);

/// At most 80 bytes of `text`, printable on one line: control characters and invalid UTF-8 as \xNN, "..." where cut.
[[nodiscard]] std::string shortened(std::string_view text);

}  // namespace solar
