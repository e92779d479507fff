#include "tests/fault/kinds/sample.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace solar::test {

Sampled sample(std::string_view name) {
  constexpr Random::result_type kSeed = 1;
  const std::vector<Kind> kinds = all_kinds();
  const auto kind = std::ranges::find(kinds, name, &Kind::name);
  if (kind == kinds.end()) throw std::invalid_argument{"no such kind of fault: " + std::string{name}};
  if (kind->obstacle != nullptr) {
    if (std::string why = kind->obstacle(); !why.empty()) {
      // A line of its own, which Catch does not break: `./dev test` looks for it.
      std::fprintf(stderr, "not played: %s: %s\n", kind->name.c_str(), why.c_str());
      return {.tally = {}, .obstacle = std::move(why)};
    }
  }
  Random random{kSeed};
  return {.tally = kind->round(random, Scale::Sample), .obstacle = {}};
}

}  // namespace solar::test
