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
  double seconds{};                   ///< of the job that took the longest

  void add(std::uint64_t seed, const HistoryResult& result);
  void add(const Campaign& other);
};

/// Told what one job has done so far, after each of its histories; whether the job goes on. Called by all jobs'
/// threads.
using GoOn = std::function<bool(std::uint64_t job, const Campaign& so_far)>;

/// `count` histories from seed `first` on, dealt to `jobs` threads in turn, each until `go_on` says no to it. A history
/// does not depend on the number of jobs; the order of `failed` does.
[[nodiscard]] Campaign run_campaign(std::uint64_t first, std::uint64_t count, std::uint64_t jobs, Model model,
                                    const GoOn& go_on);

/// The same history again, as a person reads it: what went wrong, how to repeat it, the last lines.
[[nodiscard]] std::string readable(std::uint64_t seed, Model model);

/// A table of faults.
[[nodiscard]] std::string bites_text(const BiteCounts& bites);

/// The program; its exit status.
[[nodiscard]] int simulate(const std::vector<std::string>& arguments);

}  // namespace solar::test
