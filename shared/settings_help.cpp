#include "shared/settings_help.hpp"

#include <algorithm>
#include <string_view>

namespace solar {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kFlagIndent = 2;
constexpr std::size_t kTextIndent = 8;

/// `text` in lines of at most kColumns, each behind `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = kColumns;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column + 1 + end > kColumns) {
      out.append(out.empty() ? "" : "\n").append(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

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
Setting config_setting() {
  return {.name = "config", .what = "file with settings", .allowed = "path, TOML", .default_text = {}, .assign = {}};
}

std::string described_with_names(const Setting& setting) {
  return std::string(kFlagIndent, ' ') + "--" + setting.name + ", " + environment_name(setting.name) + "\n" +
         wrapped(described(setting), kTextIndent);
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
  text += described_with_names(config_setting());
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

}  // namespace solar
