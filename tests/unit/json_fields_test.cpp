#include "shared/json_fields.hpp"

#include <random>

#include "tests/support/catch.hpp"

namespace solar {
namespace {

constexpr std::size_t kLevels = 4;

std::vector<JsonField> fields_of(std::string_view text) {
  const auto scanned = scan_fields(text, kLevels);
  REQUIRE(std::holds_alternative<std::vector<JsonField>>(scanned));
  return std::get<std::vector<JsonField>>(scanned);
}

std::string problem_of(std::string_view text) {
  const auto scanned = scan_fields(text, kLevels);
  const auto* problem = std::get_if<Problem>(&scanned);
  return problem == nullptr ? "" : problem->what;
}

}  // namespace

TEST_CASE("the fields at the top of an object come in their order with decoded names and texts") {
  const auto fields =
      fields_of(R"( {"n":null,"b":true,"\u0069d":"a\"\u00e9","x":-1.5e3,"l":[1,{"n":2}],"o":{"n":{}},"i":7} )");

  CHECK(fields == std::vector<JsonField>{{"n", JsonKind::Null, ""},
                                         {"b", JsonKind::Boolean, ""},
                                         {"id", JsonKind::String, "a\"\xC3\xA9"},
                                         {"x", JsonKind::Number, ""},
                                         {"l", JsonKind::Array, ""},
                                         {"o", JsonKind::Object, ""},
                                         {"i", JsonKind::Number, ""}});
  CHECK(fields_of("{}").empty());
}

TEST_CASE("what is no JSON object is refused with its reason") {
  using namespace std::string_literals;
  const auto [text, what] = GENERATE(table<std::string, std::string>({
      {"", "empty"},
      {"\xEF\xBB\xBF{}", "starts with a byte order mark"},
      {"{}\0"s, "holds a NUL byte"},
      {"{\"a\":\"\0\"}"s, "holds a NUL byte"},
      {"{\"a\":\"\xFF\"}", "invalid UTF-8"},
      {"{\"a\":\"\xC0\xAF\"}", "invalid UTF-8"},
      {"{\"a\":\"\xED\xA0\x80\"}", "invalid UTF-8"},
      {"\xFE", "invalid UTF-8"},
      {"[]", "JSON, but no object"},
      {"\"a\"", "JSON, but no object"},
      {"1", "JSON, but no object"},
      {"null", "JSON, but no object"},
      {"true", "JSON, but no object"},
      {"1e999", "number out of range"},
      {R"({"a":1e999})", R"(number out of range in the field "a")"},
      {R"({"a":[-1e999]})", R"(number out of range in the field "a")"},
      {R"({"a":1,"a":2})", "a name stands twice at the top"},
      {R"({"a":1,"b":2,"a":3})", "a name stands twice at the top"},
      {R"({"id":1,"\u0069d":2})", "a name stands twice at the top"},
      {R"({"a":{"b":{"c":{"d":1}}}})", ""},
      {R"({"a":{"b":{"c":{"d":{}}}}})", "nested deeper than 4 levels"},
      {R"({"a":[[[[]]]]})", "nested deeper than 4 levels"},
      {R"({"a":{"b":1,"b":2}})", ""},
  }));

  CHECK(problem_of(text) == what);
}

TEST_CASE("broken JSON is refused with the place where it breaks") {
  const std::string text =
      GENERATE(as<std::string>{}, "{", "}", "{]", "nul", "hello", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}}",
               "{'a':1}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}",
               "{\"a\":\"\n\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\x\"}", "{\"a\":1} // x", "{}{}", "{,}", "{\"a\":\"",
               "{\"a\":\"\\", "{\"a\":[1,2}", "{\"a\" 1}");

  CHECK(problem_of(text).rfind("not JSON, at byte ", 0) == 0);
}

TEST_CASE("a problem shows its text only shortened") {
  const std::string text = "{\"a\":" + std::string(5000, 'x');

  const auto scanned = scan_fields(text, kLevels);

  CHECK(std::get<Problem>(scanned).value.size() <= 100);
}

TEST_CASE("ten thousand levels are refused without descending them") {
  CHECK(problem_of("{\"a\":" + std::string(10'000, '[')) == "nested deeper than 4 levels");
}

TEST_CASE("the bytes of names and values stand in the order of the fields") {
  const std::string_view text = "\t{ \"a\\\"}\" : [1,{\"x\":\"]\"}] ,\"b\":\"},\\\"\"\r\n, \"c\":{} ,\"d\":-1.0e2}";

  const auto bytes = field_bytes(text);

  REQUIRE(bytes.size() == 4);
  CHECK(bytes[0].name == R"("a\"}")");
  CHECK(bytes[0].value == R"([1,{"x":"]"}])");
  CHECK(bytes[1].name == R"("b")");
  CHECK(bytes[1].value == R"("},\"")");
  CHECK(bytes[2].value == "{}");
  CHECK(bytes[3].value == "-1.0e2");
  CHECK(field_bytes(" { } ").empty());
}

TEST_CASE("an array is split into the bytes of its elements") {
  using Elements = std::vector<std::string_view>;
  CHECK(split_array("[]", 0) == Elements{});
  CHECK(split_array(" [ ] ", 0) == Elements{});
  CHECK(split_array("[1]", 1) == Elements{"1"});
  CHECK(split_array("\r\n[ {\"a\":\"],\\\"[\"} , [1,[2]] ,\"x\\\\\"] ", 3) ==
        Elements{"{\"a\":\"],\\\"[\"}", "[1,[2]]", "\"x\\\\\""});
  CHECK(split_array("[rubbish, {1 2}]", 2) == Elements{"rubbish", "{1 2}"});
}

TEST_CASE("an array whose elements cannot be told apart is not split") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "[", "]", "{}", "[,]", "[1,]", "[1,,2]", "[,1]", "[1", "[1]]", "[1],", "[1}",
               "[{]}", "[{]]", "[1},2]", "[1}2]", "[{]", "[\"]", "[\"\\\"]", "[\"\\", "[1] 2", "[[1]", "x[1]");

  CHECK_FALSE(split_array(text, 10).has_value());
}

TEST_CASE("an array of more elements than allowed is not split") {
  CHECK(split_array("[1,2,3]", 3).has_value());
  CHECK_FALSE(split_array("[1,2,3,4]", 3).has_value());
}

TEST_CASE("white space is what JSON takes for it") {
  CHECK(trimmed(" \t\r\n{ }\n") == "{ }");
  CHECK(trimmed(" \r\n").empty());
  CHECK(trimmed("\v{}\xC2\xA0") == "\v{}\xC2\xA0");
}

TEST_CASE("quoted text is read back as it was") {
  std::mt19937 random{20260128};
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (auto i = random() % 20; i > 0; --i) text += static_cast<char>(random() % 128);
    text += "\xC3\xA9\xF0\x9F\x8C\x9E";

    const auto fields = fields_of("{\"a\":" + json_quoted(text) + "}");

    CHECK(fields.front().text == text);
  }
}

TEST_CASE("quoted text replaces what is not UTF-8") {
  CHECK(json_quoted("a\xFF"
                    "b\xC3") ==
        "\"a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD\"");
  CHECK(json_quoted("\x01\x1F\x7F\"\\/") == "\"\\u0001\\u001f\x7F\\\"\\\\/\"");
}

}  // namespace solar
