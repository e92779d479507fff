#include "shared/units.hpp"

#include <limits>

#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("a duration is a number with its unit") {
  CHECK(std::get<Millis>(parse_duration("500ms")) == Millis{500});
  CHECK(std::get<Millis>(parse_duration("15s")) == Millis{15'000});
  CHECK(std::get<Millis>(parse_duration("5min")) == Millis{300'000});
  CHECK(std::get<Millis>(parse_duration("1h")) == Millis{3'600'000});
  CHECK(std::get<Millis>(parse_duration("7d")) == Millis{604'800'000});
  CHECK(std::get<Millis>(parse_duration("0s")) == Millis{0});
}

TEST_CASE("a duration without unit, sign, sense or end is a problem") {
  const std::string text = GENERATE("", "15", "s", "-1s", "+1s", "1.5h", "15 s", " 15s", "15s ", "15S", "15m", "15sec",
                                    "1h30min", "0x10s", "106751991168d", "99999999999999999999s");

  CHECK(std::holds_alternative<Problem>(parse_duration(text)));
}

TEST_CASE("a size is a number with its unit") {
  CHECK(std::get<std::uint64_t>(parse_bytes("4096B")) == 4096);
  CHECK(std::get<std::uint64_t>(parse_bytes("64KiB")) == 65'536);
  CHECK(std::get<std::uint64_t>(parse_bytes("512MiB")) == 536'870'912);
  CHECK(std::get<std::uint64_t>(parse_bytes("2GiB")) == 2'147'483'648);
  CHECK(std::get<std::uint64_t>(parse_bytes("0B")) == 0);
}

TEST_CASE("a size without unit or beyond 64 bits is a problem") {
  const std::string text = GENERATE("", "0", "512", "512MB", "512mib", "-1B", "1.5GiB", "17179869184GiB");

  CHECK(std::holds_alternative<Problem>(parse_bytes(text)));
}

TEST_CASE("a problem with a unit says how to write it") {
  CHECK(to_line(std::get<Problem>(parse_duration("15"))) ==
        "the unit is missing: \"15\"; write it as 500ms, 15s, 5min, 1h or 7d");
  CHECK(to_line(std::get<Problem>(parse_bytes("1MB"))) ==
        "unknown unit: \"1MB\"; write it as 4096B, 64KiB, 512MiB or 2GiB");
  CHECK(to_line(std::get<Problem>(parse_duration("99999999999999999999s"))) == "too large: \"99999999999999999999s\"");
}

TEST_CASE("the text of a duration is the shortest that reads back") {
  CHECK(duration_text(Millis{0}) == "0s");
  CHECK(duration_text(Millis{250}) == "250ms");
  CHECK(duration_text(Millis{1'500}) == "1500ms");
  CHECK(duration_text(Millis{90'000}) == "90s");
  CHECK(duration_text(Millis{3'600'000}) == "1h");
  CHECK(duration_text(Millis{604'800'000}) == "7d");
  CHECK(duration_text(Millis{-15'000}) == "-15s");
  CHECK(duration_text(Millis::min()) == "-9223372036854775808ms");
}

TEST_CASE("the text of a size is the shortest that reads back") {
  CHECK(bytes_text(0) == "0B");
  CHECK(bytes_text(1'000) == "1000B");
  CHECK(bytes_text(4'096) == "4KiB");
  CHECK(bytes_text(536'870'912) == "512MiB");
  CHECK(bytes_text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615B");
}

}  // namespace solar
