#include "tests/support/catch.hpp"
#include "tests/unit/program_with_settings.hpp"

namespace solar {

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
