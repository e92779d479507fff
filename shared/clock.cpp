#include "shared/clock.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace solar {
namespace {

constexpr Millis kFirstPresent = std::chrono::sys_days{std::chrono::January / 1 / 2025}.time_since_epoch();
// RFC 3339 has four digits for the year.
constexpr Millis kYearZero = std::chrono::sys_days{std::chrono::January / 1 / 0}.time_since_epoch();
constexpr Millis kYearEnd = std::chrono::sys_days{std::chrono::January / 1 / 10'000}.time_since_epoch() - Millis{1};

template <class SomeClock>
Millis since_its_start() {
  return std::chrono::duration_cast<Millis>(SomeClock::now().time_since_epoch());
}

}  // namespace

Now SystemClock::now() const {
  return {.steady = since_its_start<std::chrono::steady_clock>(), .wall = since_its_start<std::chrono::system_clock>()};
}

std::string rfc3339(Millis wall) {
  const std::chrono::sys_time<Millis> time{std::clamp(wall, kYearZero, kYearEnd)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 40> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

bool is_plausible(Millis wall) { return wall >= kFirstPresent; }

}  // namespace solar
