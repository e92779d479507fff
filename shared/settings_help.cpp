#include "shared/settings_help.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace solar {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kFlagIndent = 2;
constexpr std::size_t kTextIndent = 8;

/// `text` in lines of at most kColumns, each behind `margin`.
std::string wrapped(std::string_view text, std::string_view margin) {
  std::string out;
  std::size_t column = kColumns;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column + 1 + end > kColumns) {
      out.append(out.empty() ? "" : "\n").append(margin);
      column = margin.size();
    } else {
      out += ' ';
      ++column;
    }
    const std::string_view word = text.substr(0, end);
    const std::size_t newline = word.rfind('\n');
    out += word;
    column = newline == std::string_view::npos ? column + end : end - newline - 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

std::string wrapped(std::string_view text, std::size_t indent) { return wrapped(text, std::string(indent, ' ')); }

/// "how long (duration, 1s to 1h; default 15s)"
std::string described(const Setting& setting) {
  std::string text = setting.what + " (" + setting.allowed;
  if (!setting.default_text.empty()) text += "; default " + setting.default_text;
  return text + ")";
}

std::string usage_of(const Command& command) {
  std::string text = command.name;
  for (const auto& argument : command.arguments) text += " " + argument.first;
  return text;
}

std::string described(const Command& command) {
  std::string text = std::string(kFlagIndent, ' ') + usage_of(command) + "\n" + wrapped(command.what, kTextIndent);
  for (const auto& [name, what] : command.arguments) text += wrapped(name + ": " + what, kTextIndent);
  for (const Setting& option : command.options) {
    text += wrapped("--" + option.name + ": " + described(option), kTextIndent);
  }
  for (const auto& [name, what] : command.switches) text += wrapped("--" + name + ": " + what, kTextIndent);
  return text;
}

/// `--config`, which names the file that holds all others.
Setting config_setting(const CommandLine& line) {
  return {.name = "config",
          .what = "file with settings",
          .allowed = "path, TOML",
          .default_text = line.config_file,
          .assign = {}};
}

std::string described_with_names(const Setting& setting) {
  return std::string(kFlagIndent, ' ') + "--" + setting.name + ", " + environment_name(setting.name) + "\n" +
         wrapped(described(setting), kTextIndent);
}

/// `text` as a TOML value.
std::string toml_value(const Setting& setting, const std::string& text) {
  // yes and true in any case are what a switch takes for on.
  if (setting.is_switch) return !text.empty() && std::strchr("yYtT", text.front()) != nullptr ? "true" : "false";
  const bool number =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number) return text;
  std::string quoted{'"'};
  for (const char c : text) {
    if (c == '\n' || c == '\t' || c == '\r') {
      quoted.append("\\").append(1, c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool belongs_to(const Command& command, const std::string& name) {
  return command.name == name || command.name.starts_with(name + " ");
}

}  // namespace

std::string help_text(const CommandLine& line) {
  std::string text = line.program + " " + line.version + "\n" + wrapped(line.about, 0);
  text += "\nUsage: " + line.program + " COMMAND [SETTING...]\n\nCommands:\n";
  for (const Command& command : line.commands) text += described(command);
  text += "\n" + wrapped(
                     "Settings: each is a flag, an environment variable, or a key in the TOML file that --config "
                     "names; the flag wins, then the environment.",
                     0);
  text += described_with_names(config_setting(line));
  for (const Setting& setting : line.settings->all()) text += described_with_names(setting);
  text += "\n  --help, -h: this text   --version: the version\n";
  if (!line.footer.empty()) text += "\n" + wrapped(line.footer, 0);
  return text;
}

std::string help_text(const CommandLine& line, const std::string& command) {
  std::string text = "Usage: " + line.program + " " + command + " ... [SETTING...]\n\n";
  for (const Command& one : line.commands) {
    if (belongs_to(one, command)) text += described(one);
  }
  return text + "\nAll settings: " + line.program + " --help\n";
}

std::string settings_text(const CommandLine& line, const std::map<std::string, std::string>& given) {
  std::string text = wrapped("Settings of " + line.program + " " + line.version + ", as " + line.program +
                                 " settings prints them. A line that begins with # and a name is "
                                 "a setting with its default (or an example): take the # away to change it.",
                             "# ");
  text += wrapped(
      "A flag or an environment variable of the same name wins over this file. Durations are written as 500ms, "
      "15s, 5min, 1h or 7d, sizes as 64KiB, 512MiB or 2GiB, both in quotes.",
      "# ");
  for (const Setting& setting : line.settings->all()) {
    const auto set = given.find(setting.name);
    const std::string& unset = setting.default_text.empty() ? setting.example : setting.default_text;
    text += "\n" + wrapped(described(setting), "# ");
    text += set == given.end() ? "#" + setting.name + " = " + toml_value(setting, unset)
                               : setting.name + " = " + toml_value(setting, set->second);
    text += "\n";
  }
  return text;
}

}  // namespace solar
