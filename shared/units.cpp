#include "shared/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace solar {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// Largest first: the first that divides a value gives its shortest text.
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{{{"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}, {"B", 1}}};

Result<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units, std::string_view advice,
                                      std::uint64_t max) {
  std::uint64_t number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return Problem{"too large", shortened(text), {}};
  if (error != std::errc{}) return Problem{"not a number with a unit", shortened(text), std::string{advice}};
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > max / unit.size) return Problem{"too large", shortened(text), {}};
    return number * unit.size;
  }
  const char* const what = name.empty() ? "the unit is missing" : "unknown unit";
  return Problem{what, shortened(text), std::string{advice}};
}

std::string text_with_unit(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.size == 0) return std::to_string(value / unit.size).append(unit.name);
  }
  return "0";
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  auto result = parse_with_unit(text, kDurations, "write it as 500ms, 15s, 5min, 1h or 7d", kMax);
  if (auto* problem = std::get_if<Problem>(&result)) return std::move(*problem);
  return Millis{static_cast<std::int64_t>(std::get<std::uint64_t>(result))};
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  return parse_with_unit(text, kSizes, "write it as 4096B, 64KiB, 512MiB or 2GiB",
                         std::numeric_limits<std::uint64_t>::max());
}

std::string duration_text(Millis duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  // Negated as unsigned: the smallest value has no positive counterpart.
  const auto magnitude = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  return (count < 0 ? "-" : "") + text_with_unit(magnitude, kDurations);
}

std::string bytes_text(std::uint64_t bytes) { return bytes == 0 ? "0B" : text_with_unit(bytes, kSizes); }

}  // namespace solar
