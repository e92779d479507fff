#include "tests/fault/kinds/reach.hpp"

namespace solar::test {

std::size_t times_logged(const Process& process, std::string_view text) {
  const std::string log = process.log();
  std::size_t times = 0;
  for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + text.size())) ++times;
  return times;
}

}  // namespace solar::test
