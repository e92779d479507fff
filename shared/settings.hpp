// Settings: one table gives every setting its flag, environment variable and TOML key, its unit, default and check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "shared/clock.hpp"
#include "shared/problem.hpp"
#include "shared/units.hpp"

namespace solar {

/// A setting in the table. `name` is the flag without dashes ("request-timeout"); the environment variable is its upper
/// case with underscores (REQUEST_TIMEOUT); the TOML key may be written either way.
struct Setting {
  std::string name;
  std::string what;          ///< one line of help
  std::string allowed;       ///< unit and range for people: "duration, 1s to 1h", "one of retry, stored"
  std::string default_text;  ///< empty: none
  /// Why the text is wrong, or nullopt and it is set.
  std::function<std::optional<Problem>(const std::string&)> assign;
  bool is_switch{};       ///< the flag takes no value and means "yes"
  std::string example{};  ///< stands in a settings file where there is no default
};

/// "request-timeout" as REQUEST_TIMEOUT.
[[nodiscard]] std::string environment_name(std::string_view setting);

/// The table. Targets hold the defaults when they are added, and must outlive it. `add_*` may be followed by none.
class Settings {
 public:
  void add_text(std::string name, std::string& target, std::string what, std::string allowed = "text");
  /// A file's path; where a service manager handed us a copy of that file, the copy's (credential_path).
  void add_file(std::string name, std::string& target, std::string what, std::string allowed = "path");
  void add_duration(std::string name, Millis& target, Millis min, Millis max, std::string what);
  void add_bytes(std::string name, std::uint64_t& target, std::uint64_t min, std::uint64_t max, std::string what);
  void add_count(std::string name, std::uint32_t& target, std::uint32_t min, std::uint32_t max, std::string what);
  /// Upper and lower case are the same; the target gets the spelling of `choices`.
  void add_choice(std::string name, std::string& target, std::vector<std::string> choices, std::string what);
  /// A flag without a value; "yes" or "no" elsewhere.
  void add_switch(std::string name, bool& target, std::string what);
  /// Anything else; `assign` sees the text and sets it.
  void add(Setting setting);

  [[nodiscard]] const std::vector<Setting>& all() const { return settings_; }

 private:
  std::vector<Setting> settings_;
};

/// A subcommand as the user sees it.
struct Command {
  std::string name;  ///< "run", "send"; "refused list" is a command with a parent
  std::string what;  ///< one line of help
  std::vector<std::pair<std::string, std::string>> arguments;  ///< positional: name, help; all required
  std::vector<Setting> options;  ///< flags of this command only ("timeout"); no environment variable, no TOML key
  std::vector<std::pair<std::string, std::string>> switches;  ///< flags without a value ("json"): name, help
};

/// What the user asked for.
struct Invocation {
  std::string command;  ///< as in Command::name
  std::vector<std::string> arguments;
  std::vector<std::string> switches;  ///< those given
};

/// The words of a program: name, version, commands, settings, and text after the help.
struct CommandLine {
  std::string program;
  std::string version;
  std::string about;
  std::vector<Command> commands;
  const Settings* settings{};
  std::string footer;
  std::string config_file{};  ///< read, if it is there, where neither --config nor CONFIG names one
};

/// The command that every program has: prints all settings as a TOML file, those that are set and the others commented
/// out with their defaults.
[[nodiscard]] Command settings_command();

/// Reads flags, then environment, then the TOML file named by --config or CONFIG, in that order of precedence, assigns
/// every setting, and returns the command; or the exit status, after having printed: 0 for --help, --version and
/// `settings`, 2 with one line on standard error for a wrong value, an unknown key or flag, or no command: the
/// setting's name, where it came from, its value, and what it may be. Flags may stand before or after the command, as
/// `--name value` or `--name=value`; the last one wins. An empty environment variable counts as not set. After `--`,
/// and where it begins with a single `-`, everything is an argument as it is.
[[nodiscard]] std::variant<Invocation, int> parse_command_line(const CommandLine& line, int argc,
                                                               const char* const* argv);

}  // namespace solar
