// Durations and sizes as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/problem.hpp"

namespace solar {

/// "500ms", "15s", "5min", "1h", "7d"; a number alone is an error. Not negative.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);
/// "4096B", "64KiB", "512MiB", "2GiB"; also "0B". A number alone is an error.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);
[[nodiscard]] std::string duration_text(Millis duration);   ///< the shortest text that parse_duration reads back
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);  ///< the shortest text that parse_bytes reads back

}  // namespace solar
