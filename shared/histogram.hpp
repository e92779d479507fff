// How often which size came, as plain numbers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace solar {

/// Counts of values up to each of `Bounds` (ascending), and of larger ones.
template <const auto& Bounds>
struct Histogram {
  static constexpr std::size_t kBounds = std::size(Bounds);

  std::array<std::uint64_t, kBounds + 1> counts{};  ///< not cumulative; the last: larger than all bounds
  double sum{};

  void observe(double value) {
    ++counts[static_cast<std::size_t>(std::lower_bound(Bounds.begin(), Bounds.end(), value) - Bounds.begin())];
    sum += value;
  }

  bool operator==(const Histogram&) const = default;
};

}  // namespace solar
