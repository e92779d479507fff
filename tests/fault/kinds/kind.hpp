// The kinds of fault that readings must survive, each as rounds on real processes that anybody can repeat by a seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace solar::test {

/// What a round did, or several of them together, by a ledger of what the publishers said.
struct Tally {
  std::uint64_t faults{};
  std::uint64_t accepted{};                   ///< readings that a publisher said it committed
  std::uint64_t delivered{};                  ///< of them at central
  std::uint64_t lost{};                       ///< of them not
  std::uint64_t duplicates{};                 ///< POSTs of a reading that central had; legal, but they cost
  std::chrono::milliseconds longest_drain{};  ///< from the end of a round's last fault to empty outboxes
  std::vector<std::string> complaints;        ///< whatever else must not be: an id given twice, a body changed...

  [[nodiscard]] bool good() const { return lost == 0 && complaints.empty(); }
  Tally& operator+=(const Tally& other);
};

/// How much a round does: a sample for every change, or what proves something.
enum class Scale { Sample, Full };

using Random = std::mt19937_64;

struct Kind {
  std::string name;  ///< of small letters and hyphens
  std::string what;  ///< one sentence, for people
  /// Breaks what it is there to break, heals it, and compares. Throws std::exception where something else went wrong.
  Tally (*round)(Random& random, Scale scale);
  /// Why it cannot be played on this machine; empty: it can. nullptr: always.
  std::string (*obstacle)() = nullptr;
};

// One function a file kinds_*.cpp.
[[nodiscard]] std::vector<Kind> kill_kinds();
[[nodiscard]] std::vector<Kind> network_kinds();
[[nodiscard]] std::vector<Kind> stop_kinds();
[[nodiscard]] std::vector<Kind> full_disk_kinds();
[[nodiscard]] std::vector<Kind> io_error_kinds();
[[nodiscard]] std::vector<Kind> power_cut_kinds();
[[nodiscard]] std::vector<Kind> rolled_back_kinds();
[[nodiscard]] std::vector<Kind> bit_flip_kinds();
[[nodiscard]] std::vector<Kind> clock_kinds();
[[nodiscard]] std::vector<Kind> leaving_kinds();

/// All of them.
[[nodiscard]] std::vector<Kind> all_kinds();

/// A number from `low` to `high`, both included.
[[nodiscard]] int between(Random& random, int low, int high);
/// Lets a random part of `longest` pass: faults come at any moment.
void at_any_moment(Random& random, std::chrono::milliseconds longest);

}  // namespace solar::test
