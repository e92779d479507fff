#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "shared/settings.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {
namespace {

/// What is written to `descriptor` while this lives.
class Captured {
 public:
  explicit Captured(std::FILE* stream) : stream_{stream}, original_{::dup(::fileno(stream))} {
    std::fflush(stream_);
    ::dup2(::fileno(file_), ::fileno(stream_));
  }
  ~Captured() {
    std::fflush(stream_);
    ::dup2(original_, ::fileno(stream_));
    ::close(original_);
    std::fclose(file_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  [[nodiscard]] std::string text() const {
    std::fflush(stream_);
    std::string text(64 * 1024, '\0');
    text.resize(static_cast<std::size_t>(::pread(::fileno(file_), text.data(), text.size(), 0)));
    return text;
  }

 private:
  std::FILE* stream_;
  int original_;
  std::FILE* file_ = std::tmpfile();
};

/// An environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_{name} { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

/// A program with two settings and the commands run, send, status, refused list and refused retry.
struct Program {
  std::string village{"Bamenda"};
  Millis request_timeout{15'000};
  bool follow{};
  Millis wait{60'000};
  std::string config_file;
  std::string out;
  std::string err;

  /// The command and what it got, or the exit status.
  std::variant<Invocation, int> run(std::vector<const char*> words) {
    Settings settings;
    settings.add_text("test-village", village, "name of the village");
    settings.add_duration("test-timeout", request_timeout, Millis{1'000}, Millis{3'600'000},
                          "how long a POST may take");
    settings.add_switch("test-follow", follow, "stay at the end");
    Settings of_send;
    of_send.add_duration("wait", wait, Millis{0}, Millis{3'600'000}, "how long to wait");
    const CommandLine line{
        .program = "solar-test",
        .version = "1.2.3",
        .about = "Tests command lines.",
        .commands = {{"run", "runs", {}, {}, {}},
                     {"send", "sends", {{"READING", "JSON"}}, of_send.all(), {}},
                     {"status", "shows", {}, {}, {{"json", "as JSON"}}},
                     {"refused list", "lists", {}, {}, {}},
                     {"refused retry", "retries", {{"ID", "whose"}}, {}, {}},
                     settings_command()},
        .settings = &settings,
        .footer =
            "A line that ends where it is told to, long before it is full.\nThe end, whole and on a line of its own.",
        .config_file = config_file};
    words.insert(words.begin(), "solar-test");
    const Captured captured_out{stdout};
    const Captured captured_err{stderr};
    auto result = parse_command_line(line, static_cast<int>(words.size()), words.data());
    out = captured_out.text();
    err = captured_err.text();
    return result;
  }

  Invocation invocation(std::vector<const char*> words) { return std::get<Invocation>(run(std::move(words))); }
  int status(std::vector<const char*> words) { return std::get<int>(run(std::move(words))); }
};

/// A settings file in a folder of its own, named by CONFIG.
struct ConfigFile {
  explicit ConfigFile(const std::string& text) : variable{"CONFIG", (folder / "config.toml").string()} {
    std::ofstream{folder / "config.toml"} << text;
  }
  TemporaryFolder folder;
  Variable variable;
};

}  // namespace

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

TEST_CASE("the help tells commands, settings, units, defaults and variables, and asks for no command") {
  Program program;

  CHECK(program.status({"--help"}) == 0);

  for (const char* part :
       {"send READING", "--wait: how long to wait (duration, 0s to 1h; default 1min)", "--test-timeout, TEST_TIMEOUT",
        "how long a POST may take (duration, 1s to 1h; default 15s)", "--config, CONFIG", "refused list",
        "--json: as JSON", "full.\nThe end, whole and on a line of its own.\n"}) {
    INFO(part);
    CHECK(program.out.find(part) != std::string::npos);
  }
  CHECK(program.err.empty());
}

TEST_CASE("the help tells of a program's own settings file") {
  Program program;
  program.config_file = "/etc/solar-sync/test.toml";

  CHECK(program.status({"--help"}) == 0);

  CHECK(program.out.find("file with settings (path, TOML; default /etc/solar-sync/test.toml)") != std::string::npos);
}

TEST_CASE("a command has a help of its own, also with wrong settings around") {
  const Variable variable{"TEST_TIMEOUT", "wrong"};
  Program program;

  CHECK(program.status({"send", "--help"}) == 0);
  CHECK(program.out.find("READING: JSON") != std::string::npos);
  CHECK(program.out.find("refused") == std::string::npos);
  CHECK(program.status({"refused", "-h"}) == 0);
  CHECK(program.out.find("refused retry ID") != std::string::npos);
}

TEST_CASE("the settings are printed as a file: what is set, wherever it was set, and the rest commented out") {
  const ConfigFile file{"test-village = \"Buea\"\n"};
  const Variable variable{"TEST_TIMEOUT", "20s"};
  Program program;

  CHECK(program.status({"settings"}) == 0);

  CHECK(program.out.find("\ntest-village = \"Buea\"\n") != std::string::npos);
  CHECK(program.out.find("\ntest-timeout = \"20s\"\n") != std::string::npos);
  CHECK(program.out.find("\n#test-follow = false\n") != std::string::npos);
}

TEST_CASE("wrong settings are not printed as a file") {
  Program program;

  CHECK(program.status({"settings", "--test-timeout", "soon"}) == 2);
  CHECK(program.out.empty());
}

TEST_CASE("a program's own settings file is read where it is there and none is named") {
  const TemporaryFolder folder;
  std::ofstream{folder / "own.toml"} << "test-village = \"Limbe\"\n";
  Program program;

  program.config_file = (folder / "own.toml").string();
  program.invocation({"run"});
  CHECK(program.village == "Limbe");

  const ConfigFile named{"test-village = \"Buea\"\n"};
  program.invocation({"run"});
  CHECK(program.village == "Buea");

  Program other;
  other.config_file = (folder / "nowhere.toml").string();
  other.invocation({"run", "--config", (folder / "own.toml").string().c_str()});
  CHECK(other.village == "Limbe");
}

TEST_CASE("a program's own settings file that is not there is no mistake") {
  const TemporaryFolder folder;
  Program program;
  program.config_file = (folder / "nowhere.toml").string();

  program.invocation({"run"});

  CHECK(program.village == "Bamenda");
}

TEST_CASE("the version is one line") {
  Program program;

  CHECK(program.status({"--version"}) == 0);
  CHECK(program.out == "solar-test 1.2.3\n");
}

}  // namespace solar
