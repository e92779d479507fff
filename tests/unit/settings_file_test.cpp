#include "shared/settings_file.hpp"

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {
namespace {

using FileSettings = std::vector<FileSetting>;

std::string problem_of(std::string_view text) {
  const auto result = parse_settings(text);
  const auto* problem = std::get_if<Problem>(&result);
  return problem == nullptr ? "none" : to_line(*problem);
}

std::string value_of(std::string_view text) {
  const auto result = parse_settings(text);
  const auto* settings = std::get_if<FileSettings>(&result);
  return settings == nullptr || settings->size() != 1 ? "none" : settings->front().value;
}

}  // namespace

TEST_CASE("a settings file holds strings, numbers and booleans, comments and empty lines") {
  const auto result = parse_settings(
      "# the village\n\n village = \"Bamenda\"\r\nretry-attempts=5 # five\n\tratio = -1.5e3\nfollow = true\n"
      "last = 'no newline'");

  CHECK(std::get<FileSettings>(result) == FileSettings{{"village", "village", "Bamenda"},
                                                       {"retry-attempts", "retry-attempts", "5"},
                                                       {"ratio", "ratio", "-1.5e3"},
                                                       {"follow", "follow", "true"},
                                                       {"last", "last", "no newline"}});
}

TEST_CASE("a key may be written as the flag or as the environment variable") {
  const std::string text = GENERATE("broker-url", "broker_url", "BROKER_URL", "Broker-Url") + std::string{" = 'x'"};

  CHECK(std::get<FileSettings>(parse_settings(text)).front().name == "broker-url");
}

TEST_CASE("a string holds whatever stands between its quotes") {
  CHECK(value_of("k = \"Mont Fébé #2, = [east]\" # comment") == "Mont Fébé #2, = [east]");
  CHECK(value_of("k = 'C:\\path'") == "C:\\path");
  CHECK(value_of(R"(k = "a\"b\\c\n\td")") == "a\"b\\c\n\td");
  CHECK(value_of("k = \"\"").empty());
}

TEST_CASE("what is no setting is a problem that says what to write") {
  CHECK(problem_of("[broker]\n").starts_with("there are no sections here: \"[broker]\""));
  CHECK(problem_of("village").starts_with("no setting: \"village\""));
  CHECK(problem_of("= 5").starts_with("no setting"));
  CHECK(problem_of("a.b = 5").starts_with("no setting"));
  CHECK(problem_of("timeout = 15s")
            .starts_with("timeout: neither a string in quotes nor a number nor a boolean: \"15s\""));
  CHECK(problem_of("timeout =").starts_with("timeout: neither a string in quotes"));
  CHECK(problem_of("list = [1, 2]").starts_with("list: neither a string in quotes"));
  CHECK(problem_of("a = \"b").starts_with("a: the closing quote is missing"));
  CHECK(problem_of("a = \"b\" c").starts_with("a has something after its value: \"c\""));
  CHECK(problem_of("a = 5 c").starts_with("a has something after its value: \"c\""));
  CHECK(problem_of("a-b = 5\nA_B = 6") == "A_B is there twice");
}

TEST_CASE("a settings file that cannot be read, or is none, is a problem") {
  const TemporaryFolder folder;
  std::ofstream{folder / "large"} << std::string(70'000, '#');
  std::ofstream{folder / "good"} << "village = 'Buea'\n";

  CHECK(std::get<Problem>(read_settings_file(folder / "missing")).what == "No such file or directory");
  CHECK(std::get<Problem>(read_settings_file(folder / ".")).what == "Is a directory");
  CHECK(std::get<Problem>(read_settings_file(folder / "large")).what == "larger than 64 KiB");
  CHECK(std::get<FileSettings>(read_settings_file(folder / "good")).size() == 1);
}

}  // namespace solar
