#include "shared/settings.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/program_with_settings.hpp"

namespace solar {

TEST_CASE("settings stand before or after the command, with a space or an equals sign, and the last one wins") {
  Program program;

  CHECK(program.invocation({"run", "--test-village", "Buea"}).command == "run");
  CHECK(program.village == "Buea");
  program.invocation({"--test-village", "Limbe", "run"});
  CHECK(program.village == "Limbe");
  program.invocation({"--test-village=Kribi", "refused", "list", "--test-timeout=20s"});
  CHECK(program.village == "Kribi");
  CHECK(program.request_timeout == Millis{20'000});
  program.invocation({"--test-village=a", "run", "--test-village=b"});
  CHECK(program.village == "b");
}

TEST_CASE("what is not understood is told in the order in which it was typed") {
  Program program;

  CHECK(program.status({"run", "--test-vilage", "Buea"}) == 2);
  CHECK(program.err.find("not understood: --test-vilage Buea; see solar-test run --help") != std::string::npos);
  CHECK(program.status({}) == 2);
  CHECK(program.err.find("a command is missing; see solar-test --help") != std::string::npos);
  CHECK(program.status({"refused"}) == 2);
  CHECK(program.err.find("a command is missing; see solar-test refused --help") != std::string::npos);
}

TEST_CASE("a value of a setting is taken as it is") {
  const std::string value = GENERATE("", "-", "-x", "--", "--wait", "[a,b]", "[[a]]", "{}", "run", "a=b", "'q'",
                                     "\"q\"", "%%", "\x01", "Mont Fébé");
  Program program;

  // A bare `--` ends the flags wherever it stands; behind an equals sign it is a value too.
  if (value != "--") {
    program.invocation({"--test-village", value.c_str(), "run"});
    CHECK(program.village == value);
  }
  program.invocation({"run", ("--test-village=" + value).c_str()});
  CHECK(program.village == value);
}

TEST_CASE("an argument is taken as it is") {
  const std::string value = GENERATE(R"({"power_kw":120})", "-5", "-x", "-", "", "[1]", "[[1]]", "{}", "run", "status",
                                     R"("a b")", "a=b", "--x", "--test-village", "--");
  const bool as_flag = value.starts_with("--");
  Program program;

  if (!as_flag) CHECK(program.invocation({"send", value.c_str()}).arguments == std::vector<std::string>{value});
  CHECK(program.invocation({"send", "--", value.c_str()}).arguments == std::vector<std::string>{value});
  CHECK(program.village == "Bamenda");
}

TEST_CASE("a command has flags and switches of its own") {
  Program program;

  CHECK(program.invocation({"send", "{}", "--wait", "5s"}).arguments == std::vector<std::string>{"{}"});
  CHECK(program.wait == Millis{5'000});
  CHECK(program.invocation({"status", "--json"}).switches == std::vector<std::string>{"json"});
  CHECK(program.invocation({"status"}).switches.empty());
  CHECK(program.status({"run", "--json"}) == 2);
  CHECK(program.status({"send", "{}", "--wait", "5"}) == 2);
  CHECK(program.err.starts_with("solar-test: wait from flag --wait: the unit is missing: \"5\""));
}

TEST_CASE("a switch among the settings is a flag alone, or a word elsewhere") {
  Program program;
  program.invocation({"run", "--test-follow"});
  CHECK(program.follow);

  const ConfigFile file{"test_follow = true\n"};
  Program with_file;
  with_file.invocation({"run"});
  CHECK(with_file.follow);

  const Variable variable{"TEST_FOLLOW", "no"};
  with_file.invocation({"run"});
  CHECK_FALSE(with_file.follow);
  with_file.invocation({"--test-follow", "run"});
  CHECK(with_file.follow);
  CHECK(with_file.status({"run", "--test-follow=no"}) == 2);
}

TEST_CASE("a command of two words has its own arguments") {
  Program program;

  const auto invocation = program.invocation({"refused", "retry", "abc-1"});

  CHECK(invocation.command == "refused retry");
  CHECK(invocation.arguments == std::vector<std::string>{"abc-1"});
}

TEST_CASE("a flag wins over the environment and that over the file") {
  const ConfigFile file{"TEST_VILLAGE = 'from file'\ntest-timeout = '30s'\n"};
  Program program;

  program.invocation({"run"});
  CHECK(program.village == "from file");
  CHECK(program.request_timeout == Millis{30'000});

  const Variable variable{"TEST_VILLAGE", "from environment"};
  program.invocation({"run"});
  CHECK(program.village == "from environment");

  program.invocation({"run", "--test-village", "from flag"});
  CHECK(program.village == "from flag");
}

TEST_CASE("an empty environment variable counts as not set") {
  const Variable variable{"TEST_VILLAGE", ""};
  const Variable config{"CONFIG", ""};
  Program program;

  program.invocation({"run"});

  CHECK(program.village == "Bamenda");
}

TEST_CASE("a wrong value is one line: setting, source, value and what it may be") {
  const std::string allowed = "; write it as 500ms, 15s, 5min, 1h or 7d; it may be: duration, 1s to 1h\n";
  Program program;

  CHECK(program.status({"run", "--test-timeout", "soon"}) == 2);
  CHECK(program.err ==
        "solar-test: test-timeout from flag --test-timeout: not a number with a unit: \"soon\"" + allowed);

  const Variable variable{"TEST_TIMEOUT", "5"};
  CHECK(program.status({"run"}) == 2);
  CHECK(program.err ==
        "solar-test: test-timeout from environment variable TEST_TIMEOUT: the unit is missing: \"5\"" + allowed);
  CHECK(program.out.empty());
}

TEST_CASE("a wrong value in a file names the file and the key as it stands there") {
  const ConfigFile file{"test_timeout = 5\n"};
  Program program;

  CHECK(program.status({"run"}) == 2);

  CHECK(program.err.find("config.toml, key test_timeout: the unit is missing: \"5\"") != std::string::npos);
}

TEST_CASE("an unknown key, a section or a file that is not there is one line") {
  Program program;
  const auto complains = [&](const std::string& text, const std::string& about) {
    const ConfigFile file{text};
    const bool failed = program.status({"run"}) == 2;
    return failed && program.err.find(about) != std::string::npos && program.err.find('\n') == program.err.size() - 1;
  };

  CHECK(complains("broker_rul = 'x'\n", "unknown key \"broker_rul\""));
  CHECK(complains("[broker]\nurl = 'x'\n", "there are no sections here: \"[broker]\""));
  CHECK(program.status({"run", "--config", "/nowhere/at/all"}) == 2);
  CHECK(program.err == "solar-test: file /nowhere/at/all: No such file or directory\n");
}

TEST_CASE("a wrong use is one line that leads to the help") {
  const std::vector<const char*> words =
      GENERATE(std::vector<const char*>{}, std::vector<const char*>{"fly"}, std::vector<const char*>{"run", "fly"},
               std::vector<const char*>{"run", "--fly"}, std::vector<const char*>{"run", "-f"},
               std::vector<const char*>{"send"}, std::vector<const char*>{"send", "a", "b"},
               std::vector<const char*>{"refused"}, std::vector<const char*>{"refused", "fly"},
               std::vector<const char*>{"--test-village"}, std::vector<const char*>{"run", "a\nb"});
  Program program;

  CHECK(program.status(words) == 2);

  INFO(program.err);
  CHECK(program.err.starts_with("solar-test: "));
  CHECK(program.err.find("--help") != std::string::npos);
  CHECK(program.err.find('\n') == program.err.size() - 1);
  CHECK(program.err.find("\\x01") == std::string::npos);
}

}  // namespace solar
