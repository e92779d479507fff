// The settings file that is printed, and shipped: of both programs, held against their tables.
#include <regex>

#include "forwarder/config.hpp"
#include "publisher/config.hpp"
#include "shared/settings_file.hpp"
#include "shared/settings_help.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

struct Publisher {
  PublisherConfig config;
  Millis send_timeout{60'000};
  [[nodiscard]] CommandLine line(const Settings& settings) { return command_line(settings, send_timeout); }
};

struct Forwarder {
  ForwarderConfig config;
  [[nodiscard]] static CommandLine line(const Settings& settings) { return command_line(settings); }
};

template <class Program>
Settings table(Program& program) {
  Settings settings;
  add_settings(settings, program.config);
  return settings;
}

/// Comments as one line of words.
std::string unwrapped(const std::string& text) { return std::regex_replace(text, std::regex{"\n# "}, " "); }

/// With every setting switched on.
std::string uncommented(const std::string& text) {
  return std::regex_replace(text, std::regex{"\n#([a-z-]+ = )"}, "\n$1");
}

std::vector<FileSetting> parsed(const std::string& text) {
  auto result = parse_settings(text);
  if (const auto* problem = std::get_if<Problem>(&result)) FAIL(to_line(*problem));
  return std::get<std::vector<FileSetting>>(std::move(result));
}

}  // namespace

TEMPLATE_TEST_CASE("a settings file has every setting commented out, below its help", "", Publisher, Forwarder) {
  TestType program;
  const Settings settings = table(program);

  const std::string text = settings_text(program.line(settings), {});

  CHECK(parsed(text).empty());
  for (const Setting& setting : settings.all()) {
    INFO(setting.name);
    const std::size_t help = unwrapped(text).find(" " + setting.what + " (" + setting.allowed);
    const std::size_t value = unwrapped(text).find("\n#" + setting.name + " = ");
    REQUIRE(help != std::string::npos);
    REQUIRE(value != std::string::npos);
    CHECK(help < value);
  }
}

TEMPLATE_TEST_CASE("a settings file with every # taken away means the defaults", "", Publisher, Forwarder) {
  TestType program;
  const Settings settings = table(program);

  const auto switched_on = parsed(uncommented(settings_text(program.line(settings), {})));

  REQUIRE(switched_on.size() == settings.all().size());
  for (std::size_t i = 0; i < switched_on.size(); ++i) {
    const Setting& setting = settings.all()[i];
    INFO(setting.name << " = " << switched_on[i].value);
    CHECK(switched_on[i].name == setting.name);
    CHECK_FALSE(setting.assign(switched_on[i].value));
    const bool off = setting.is_switch && setting.default_text == "no" && switched_on[i].value == "false";
    const bool example = setting.default_text.empty() && switched_on[i].value == setting.example;
    CHECK((off || example || switched_on[i].value == setting.default_text));
  }
}

TEST_CASE("what is set stands in the settings file as it was set, whatever it is made of") {
  const std::string text = GENERATE("Mont \"Fébé\" #2", "C:\\a", "two\nlines\tand\ra tab", "12", "");
  Publisher program;
  const Settings settings = table(program);

  const auto file = parsed(settings_text(program.line(settings), {{"mqtt-username", text}, {"follow", "YES"}}));

  REQUIRE(file.size() == 2);
  CHECK(file[0] == FileSetting{"mqtt-username", "mqtt-username", text});
  CHECK(file[1].value == "true");
}

}  // namespace solar
