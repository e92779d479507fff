#include "shared/row_id.hpp"

#include <limits>

#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("a row id is sixteen hex digits and a decimal number") {
  CHECK(to_string(RowId{0x0123456789ABCDEF, 42}) == "0123456789abcdef-42");
  CHECK(to_string(RowId{0, 1}) == "0000000000000000-1");
  CHECK(to_string(RowId{~0ULL, std::numeric_limits<std::int64_t>::max()}) == "ffffffffffffffff-9223372036854775807");
}

TEST_CASE("a row id is read back as it was written") {
  const auto id = GENERATE(RowId{0, 1}, RowId{0x8000000000000000, 10}, RowId{0x00000000000000FF, 9'000'000'000},
                           RowId{~0ULL, std::numeric_limits<std::int64_t>::max()});

  CHECK(parse_row_id(to_string(id)) == id);
}

TEST_CASE("what is not exactly a row id is none") {
  const std::string text = GENERATE(
      "", "-", "0123456789abcdef", "0123456789abcdef-", "0123456789abcdef-0", "0123456789abcdef-01",
      "0123456789abcdef--1", "0123456789abcdef-+1", "0123456789abcdef- 1", "0123456789abcdef-1 ", "0123456789abcdef-1a",
      "0123456789abcdef-9223372036854775808", "0123456789ABCDEF-1", "0123456789abcde-1", "00123456789abcdef-1",
      "0123456789abcdeg-1", "-123456789abcdef-1", "0x23456789abcdef-1", "0123456789abcdef_1", "esp32-7");

  CHECK_FALSE(parse_row_id(text).has_value());
}

}  // namespace solar
