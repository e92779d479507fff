// Many histories, and what they say together.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/history.hpp"

namespace solar::test {

struct Campaign {
  std::uint64_t histories{};
  std::uint64_t readings{};
  BiteCounts bites{};
  Millis longest_drain{};
  std::uint64_t longest_drain_seed{};
  std::vector<std::uint64_t> failed;  ///< seeds
  double seconds{};

  void add(std::uint64_t seed, const HistoryResult& result);
  void add(const Campaign& other);
};

/// Histories `first`, `first` + `step`, .. until `count` are done or `go_on` says no. One thread.
[[nodiscard]] Campaign run_campaign(std::uint64_t first, std::uint64_t count, std::uint64_t step, Model model,
                                    const std::function<bool(const Campaign&)>& go_on);

/// The same history again, as a person reads it: what went wrong, how to repeat it, the last lines.
[[nodiscard]] std::string readable(std::uint64_t seed, Model model);

/// A table of faults.
[[nodiscard]] std::string bites_text(const BiteCounts& bites);

/// The program; its exit status.
[[nodiscard]] int simulate(const std::vector<std::string>& arguments);

}  // namespace solar::test
