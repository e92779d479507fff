#include "shared/problem.hpp"

#include "shared/utf8.hpp"

namespace solar {

std::string to_line(const Problem& problem) {
  std::string line = problem.what;
  if (!problem.value.empty()) line += ": \"" + problem.value + "\"";
  if (!problem.advice.empty()) line += "; " + problem.advice;
  return line;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMaxBytes = 80;
  return printable(text, kMaxBytes);
}

}  // namespace solar
