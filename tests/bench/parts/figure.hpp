// What the bench measured, against what it must be.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace solar::bench {

/// One row of the table. `details` are the raw figures behind it, with their units in their names.
struct Figure {
  std::string name{};  ///< for --only and the JSON
  std::string what{};
  double measured{};
  std::string unit{};
  double limit{};
  bool at_least{};  ///< the limit is a floor, not a ceiling
  std::vector<std::pair<std::string, double>> details{};

  [[nodiscard]] bool met() const { return at_least ? measured >= limit : measured <= limit; }
};

/// REQUIRES: not empty.
[[nodiscard]] inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// The value below which `part` (0 to 1) of `values` lie. REQUIRES: not empty.
[[nodiscard]] inline double percentile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(index, values.size() - 1)];
}

/// How much is measured. Figures of a quick run show that the bench works, no more.
struct Scale {
  std::uint64_t million{1'000'000};
  std::uint64_t relayed{100'000};  ///< readings in one run of a relay
  int rounds{3};                   ///< A/B/A/B: runs of each side
  int seconds{10};                 ///< of each run at a fixed rate
  std::uint64_t link_readings{20'000};
  std::uint64_t single_readings{1'000};
};

[[nodiscard]] std::string to_table(const std::vector<Figure>& figures);
void write_json(const std::vector<Figure>& figures, const Scale& scale, const std::filesystem::path& path);

}  // namespace solar::bench
