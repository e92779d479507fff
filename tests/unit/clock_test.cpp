#include "shared/clock.hpp"

#include <limits>

#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("a time is written in UTC with milliseconds") {
  CHECK(rfc3339(Millis{0}) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(Millis{1'769'595'300'000}) == "2026-01-28T10:15:00.000Z");
  CHECK(rfc3339(Millis{1'769'595'300'007}) == "2026-01-28T10:15:00.007Z");
  CHECK(rfc3339(Millis{1'709'251'199'999}) == "2024-02-29T23:59:59.999Z");
}

TEST_CASE("a time before 1970 or beyond the year 9999 still has the right form") {
  CHECK(rfc3339(Millis{-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(rfc3339(Millis{std::numeric_limits<std::int64_t>::max()}) == "9999-12-31T23:59:59.999Z");
  CHECK(rfc3339(Millis{std::numeric_limits<std::int64_t>::min()}) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("a gateway without a time server is not believed to live in 1970") {
  CHECK_FALSE(is_plausible(Millis{0}));
  CHECK_FALSE(is_plausible(Millis{1'735'689'599'999}));
  CHECK(is_plausible(Millis{1'735'689'600'000}));
}

TEST_CASE("the machine's clocks tell a monotonic and a plausible time") {
  const Now before = SystemClock{}.now();
  const Now after = SystemClock{}.now();

  CHECK(after.steady >= before.steady);
  CHECK(is_plausible(after.wall));
}

}  // namespace solar
