// One seed, one history: faults first, then everything heals and drains.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/journal.hpp"
#include "tests/simulation/model.hpp"
#include "tests/simulation/plan.hpp"

namespace solar::test {

struct HistoryResult {
  std::optional<std::string> violation;  ///< what must not have happened, and when
  std::uint64_t hash{};                  ///< of everything that happened
  BiteCounts bites{};
  std::uint64_t readings{};  ///< accepted by gateways, or taken by the broker from devices
  std::uint64_t steps{};
  Millis lasted{};                     ///< virtual
  std::uint64_t waiting_at_healing{};  ///< in outboxes
  // Readings that gateways accepted after the healing.
  std::uint64_t live{};
  Millis slowest_live{};  ///< to central, from the acceptance or, if that came later, the gateway's connection
  Millis slowest_since_accepted{};  ///< to central, also while the gateway still looked for its connection
  Millis drained_in{};              ///< virtual, from the healing
  std::deque<std::string> lines;    ///< the last ones, if there is text
  std::uint64_t lines_dropped{};
  std::string summary;  ///< for people: what was there, and what is missing
};

/// Never throws for what the programs do. One thread at a time per thread.
[[nodiscard]] HistoryResult run_history(const Plan& plan, Model model, Journal::Text text);

}  // namespace solar::test
