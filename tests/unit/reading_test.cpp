#include "shared/reading.hpp"

#include <random>

#include "shared/json_fields.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

using namespace std::string_literals;

constexpr Millis kMeasuredAt{1'769'595'300'000};

Reading reading_of(std::string_view bytes, std::string_view village = "Bamenda") {
  const auto decoded = decode_reading(bytes, village);
  if (const auto* problem = std::get_if<Problem>(&decoded)) FAIL(to_line(*problem));
  return std::get<Reading>(decoded);
}

std::string problem_of(std::string_view bytes, std::string_view village = "Bamenda") {
  const auto decoded = decode_reading(bytes, village);
  const auto* problem = std::get_if<Problem>(&decoded);
  if (problem == nullptr) return "";
  CHECK_FALSE(problem->advice.empty());
  CHECK(to_line(*problem).size() < 400);
  return problem->what;
}

/// A reading of exactly `size` bytes.
std::string reading_of_size(std::size_t size) {
  const std::string start = R"({"power_kw":1,"note":")";
  return start + std::string(size - start.size() - 2, 'x') + "\"}";
}

}  // namespace

TEST_CASE("a reading's bytes stay as they came, white space around them apart") {
  const std::string body = R"({ "power_kw" : 1.20e+2 ,"village":"Bamenda", "x":{"y":[1,2,null]},"id":"a-Z_0:9" })";

  CHECK(reading_of(body) == Reading{.body = body, .id = "a-Z_0:9"});
  CHECK(reading_of(" \t" + body + "\r\n") == Reading{.body = body, .id = "a-Z_0:9"});
}

TEST_CASE("a missing village is inserted from the topic, and nothing else") {
  CHECK(reading_of(R"({"power_kw":120})") == Reading{.body = R"({"village":"Bamenda","power_kw":120})", .id = {}});
  CHECK(reading_of(R"({ "power_kw":120})").body == R"({"village":"Bamenda", "power_kw":120})");
  CHECK(reading_of(R"({"power_kw":1})", "a\"\\\n/\xC3\xA9").body ==
        "{\"village\":\"a\\\"\\\\\\u000a/\xC3\xA9\",\"power_kw\":1}");
  // Deeper villages are no village.
  CHECK(reading_of(R"({"x":{"village":"Kumbo"},"power_kw":1})").body ==
        R"({"village":"Bamenda","x":{"village":"Kumbo"},"power_kw":1})");
}

TEST_CASE("any finite number is a power") {
  const std::string power = GENERATE(as<std::string>{}, "0", "-0", "-0.4", "120", "1e3", "1e-999",
                                     "18446744073709551615", "123456789012345678901234");

  CHECK(problem_of("{\"power_kw\":" + power + "}").empty());
}

TEST_CASE("what is not a reading is refused with its reason") {
  const auto [bytes, what] = GENERATE(table<std::string, std::string>({
      {"", "empty"},
      {" \r\n", "empty"},
      {"hello", "not JSON, at byte 1"},
      {"{\"power_kw\":120", "not JSON, at byte 16"},
      {"{\"power_kw\":120}{\"power_kw\":120}", "not JSON, at byte 17"},
      {"[1]", "JSON, but no object"},
      {"120", "JSON, but no object"},
      {"{}", "power_kw is missing"},
      {R"({"village":"Bamenda"})", "power_kw is missing"},
      {R"({"x":{"power_kw":1}})", "power_kw is missing"},
      {R"({"POWER_KW":1})", "power_kw is missing"},
      {R"({"power_kw":"120"})", "power_kw is no number"},
      {R"({"power_kw":true})", "power_kw is no number"},
      {R"({"power_kw":null})", "power_kw is no number"},
      {R"({"power_kw":[1]})", "power_kw is no number"},
      {R"({"power_kw":{"a":1}})", "power_kw is no number"},
      {R"({"power_kw":NaN})", "not JSON, at byte 13"},
      {R"({"power_kw":1e999})", "number out of range in the field \"power_kw\""},
      {R"({"power_kw":-1e999})", "number out of range in the field \"power_kw\""},
      {R"({"village":"Kumbo","power_kw":1})", "another village than the sender's"},
      {R"({"village":"","power_kw":1})", "another village than the sender's"},
      {R"({"village":"bamenda","power_kw":1})", "another village than the sender's"},
      {R"({"village":"a/+#%","power_kw":1})", "another village than the sender's"},
      {R"({"village":"Bamenda\u0000","power_kw":1})", "another village than the sender's"},
      {R"({"village":7,"power_kw":1})", "village is no string"},
      {R"({"village":null,"power_kw":1})", "village is no string"},
      {"{\"village\":\"" + std::string(10'000, 'x') + "\",\"power_kw\":1}", "reading of 10027 bytes, more than 8192"},
      {"{\"village\":\"\xFF\",\"power_kw\":1}", "invalid UTF-8"},
      {"{\"power_kw\":1,\"id\":\"a\",\"id\":\"a\"}", "a name stands twice at the top"},
      {"{\"power_kw\":1,\"id\":\"a\",\"\\u0069d\":\"b\"}", "a name stands twice at the top"},
      {"{\"power_kw\":1,\"power_kw\":2}", "a name stands twice at the top"},
      {"{\"power_kw\":1}\0"s, "holds a NUL byte"},
      {"\0{\"power_kw\":1}"s, "holds a NUL byte"},
      {"\xEF\xBB\xBF{\"power_kw\":1}", "starts with a byte order mark"},
      {R"({"power_kw":1,"id":7})", "id is no string"},
      {R"({"power_kw":1,"id":null})", "id is no string"},
      {R"({"power_kw":1,"id":""})", "id is not usable"},
      {R"({"power_kw":1,"id":"a b"})", "id is not usable"},
      {R"({"power_kw":1,"id":"a/b"})", "id is not usable"},
      {R"({"power_kw":1,"id":"é"})", "id is not usable"},
      {R"({"power_kw":1,"id":")" + std::string(65, 'x') + "\"}", "id is not usable"},
      {"{\"power_kw\":1,\"x\":" + std::string(4000, '[') + std::string(4000, ']') + "}",
       "nested deeper than 32 levels"},
      {std::string(10'000, '{'), "reading of 10000 bytes, more than 8192"},
      {std::string(8'000'000, '7'), "reading of 8000000 bytes, more than 8192"},
  }));

  CHECK(problem_of(bytes) == what);
}

TEST_CASE("names and villages are compared decoded") {
  CHECK(reading_of(R"({"\u0070ower_kw":1,"v\u0069llage":"B\u0061menda","\u0069d":"\u0061"})").id == "a");
}

TEST_CASE("an id of 64 characters is usable") {
  CHECK(reading_of(R"({"power_kw":1,"id":")" + std::string(64, 'x') + "\"}").id == std::string(64, 'x'));
}

TEST_CASE("a reading may have 32 levels and 8 KiB, and no more") {
  const auto nested = [](std::size_t levels) {
    return R"({"power_kw":1,"x":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };

  CHECK(problem_of(nested(kNestingMaxLevels)).empty());
  CHECK(problem_of(nested(kNestingMaxLevels + 1)) == "nested deeper than 32 levels");
  CHECK(problem_of(reading_of_size(kReadingMaxBytes)).empty());
  CHECK(problem_of("  " + reading_of_size(kReadingMaxBytes) + "\r\n").empty());
  CHECK(problem_of(reading_of_size(kReadingMaxBytes + 1)) == "reading of 8193 bytes, more than 8192");
}

TEST_CASE("flipped bits in a reading give a reading or a problem") {
  std::mt19937 random{4711};
  const std::string whole =
      R"({"id":"0123456789abcdef-1","village":"Bamenda","measured_at":"2026-01-28T10:15:00.000Z",)"
      R"("power_kw":120.5,"x":{"\u00e9":[1,-2e3,"\ud83c\udf1e",null,true]}})";
  for (int round = 0; round < 1500; ++round) {
    std::string bytes = whole;
    for (auto i = 1 + random() % 4; i > 0; --i) {
      char& byte = bytes[random() % bytes.size()];
      byte = static_cast<char>(random() % 2 == 0 ? static_cast<unsigned char>(byte) ^ (1U << random() % 8) : random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());

    const auto decoded = decode_reading(bytes, "Bamenda");
    const auto completed = complete_reading(bytes, {.village = "Bamenda", .device = "main"}, kMeasuredAt);

    if (const auto* reading = std::get_if<Reading>(&decoded)) {
      CHECK(reading_of(reading->body) == *reading);
      CHECK(std::holds_alternative<Draft>(completed));
    }
    if (const auto* draft = std::get_if<Draft>(&completed)) {
      CHECK(reading_of(std::string{draft->body}.insert(draft->id_at, "x")).id == "x");
    }
  }
}

}  // namespace solar
