// complete_reading: from a source's line to what the outbox keeps.
#include <random>

#include "shared/json_fields.hpp"
#include "shared/reading.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

using namespace std::string_literals;

constexpr Millis kMeasuredAt{1'769'595'300'000};
Origin origin() { return {.village = "Bamenda", .device = "main"}; }

Draft draft_of(std::string_view line, std::optional<Millis> measured_at = kMeasuredAt) {
  const auto completed = complete_reading(line, origin(), measured_at);
  if (const auto* problem = std::get_if<Problem>(&completed)) FAIL(to_line(*problem));
  return std::get<Draft>(completed);
}

std::string problem_of(std::string_view line) {
  const auto completed = complete_reading(line, origin(), kMeasuredAt);
  const auto* problem = std::get_if<Problem>(&completed);
  if (problem == nullptr) return "";
  CHECK_FALSE(problem->advice.empty());
  return problem->what;
}

}  // namespace

TEST_CASE("a line gets what it lacks right after its brace") {
  CHECK(draft_of(R"({"power_kw":120})").body ==
        R"({"id":"","village":"Bamenda","device":"main","measured_at":"2026-01-28T10:15:00.000Z","power_kw":120})");
  CHECK(draft_of(R"({"village":"Bamenda", "power_kw":120})").body ==
        R"({"id":"","device":"main","measured_at":"2026-01-28T10:15:00.000Z","village":"Bamenda", "power_kw":120})");
  CHECK(draft_of(R"({"device":"roof","power_kw":120,"measured_at":"2026-01-01T00:00:00Z"})").body ==
        R"({"id":"","village":"Bamenda","device":"roof","power_kw":120,"measured_at":"2026-01-01T00:00:00Z"})");
}

TEST_CASE("a time that is not to be believed is left out") {
  CHECK(draft_of(R"({"power_kw":120})", std::nullopt).body ==
        R"({"id":"","village":"Bamenda","device":"main","power_kw":120})");
}

TEST_CASE("the place for the id is between its quotes") {
  const Draft draft = draft_of(R"({"power_kw":120})");

  CHECK(draft.body.substr(0, draft.id_at + 1) == R"({"id":"")");
}

TEST_CASE("a carriage return and blanks around a line are dropped") {
  CHECK(draft_of("{\"power_kw\":120}\r") == draft_of(R"({"power_kw":120})"));
  CHECK(draft_of(" \t{\"power_kw\":120} \r\n") == draft_of(R"({"power_kw":120})"));
}

TEST_CASE("a sender's own id of any kind travels on as source_id in its place") {
  const std::string value = GENERATE(as<std::string>{}, R"("a b/c")", "7", "null", R"({"id":"x"})", R"(["id",1])");
  const std::string name = GENERATE(as<std::string>{}, R"("id")", R"("\u0069d")", R"("\u0069\u0064")");
  const std::string line = R"({"note":"\"id\":1","x":{"id":3}, )" + name + " : " + value + R"( ,"power_kw":120})";

  const Draft draft = draft_of(line, std::nullopt);

  CHECK(draft.body == R"({"id":"","village":"Bamenda","device":"main","note":"\"id\":1","x":{"id":3}, "source_id" : )" +
                          value + R"( ,"power_kw":120})");
}

TEST_CASE("a source_id without an id is a field like any other") {
  CHECK(draft_of(R"({"source_id":7,"power_kw":120})", std::nullopt).body ==
        R"({"id":"","village":"Bamenda","device":"main","source_id":7,"power_kw":120})");
}

TEST_CASE("a line that is no reading is refused with its reason") {
  const auto [line, what] = GENERATE(table<std::string, std::string>({
      {"", "empty"},
      {"power 120", "not JSON, at byte 1"},
      {"[{\"power_kw\":120}]", "JSON, but no object"},
      {"{}", "power_kw is missing"},
      {R"({"power_kw":"120"})", "power_kw is no number"},
      {R"({"power_kw":1e999})", "number out of range in the field \"power_kw\""},
      {R"({"power_kw":1,"village":"Kumbo"})", "another village than the sender's"},
      {R"({"power_kw":1,"id":1,"id":2})", "a name stands twice at the top"},
      {R"({"power_kw":1,"id":1,"source_id":2})", "id and source_id in one reading"},
      {R"({"power_kw":1,"id":1,"source\u005fid":2})", "id and source_id in one reading"},
      {"{\"power_kw\":1}\0"s, "holds a NUL byte"},
      {"\xEF\xBB\xBF{\"power_kw\":1}", "starts with a byte order mark"},
      {"{\"power_kw\":1,\"x\":\"\xFF\"}", "invalid UTF-8"},
      {std::string(8'000'000, 'x'), "reading of 8000000 bytes, more than 8192"},
  }));

  CHECK(problem_of(line) == what);
}

TEST_CASE("a completed reading has room for its id within 8 KiB") {
  const std::string start = R"({"village":"Bamenda","device":"main","measured_at":"","power_kw":1,"x":")";
  const auto line = [&](std::size_t size) { return start + std::string(size - start.size() - 2, 'x') + "\"}"; };
  const std::size_t largest = kReadingMaxBytes - 40 - R"("id":"",)"s.size();

  CHECK(draft_of(line(largest)).body.size() + 40 == kReadingMaxBytes);
  CHECK(problem_of(line(largest + 1)) == "reading of 8153 bytes, more than 8192");
}

TEST_CASE("names that JSON must escape are escaped") {
  const auto completed = complete_reading(R"({"power_kw":1})", {.village = "a\"b", .device = "c\\d\n"}, std::nullopt);

  CHECK(std::get<Draft>(completed).body == R"({"id":"","village":"a\"b","device":"c\\d\u000a","power_kw":1})");
}

TEST_CASE("whatever a publisher completes, the forwarder reads") {
  std::mt19937 random{20260128};
  for (int round = 0; round < 300; ++round) {
    std::string line = "{";
    const auto maybe = [&](const char* field) {
      if (random() % 2 == 0) line += field + ","s;
    };
    maybe(R"("village":"Bamenda")");
    maybe(R"("id": [1, "a,b"] )");
    maybe(R"("device":null)");
    maybe(R"("note":"{\"id\":\"\\\"}")");
    maybe(R"("measured_at" : 7)");
    line += "\"power_kw\":" + std::to_string(static_cast<int>(random())) + (random() % 2 == 0 ? " }\r" : "}");

    Draft draft = draft_of(line);
    draft.body.insert(draft.id_at, "0123456789abcdef-1");
    const auto decoded = decode_reading(draft.body, "Bamenda");

    REQUIRE(std::holds_alternative<Reading>(decoded));
    CHECK(std::get<Reading>(decoded) == Reading{.body = draft.body, .id = "0123456789abcdef-1"});
  }
}

}  // namespace solar
