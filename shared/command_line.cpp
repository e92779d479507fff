#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>

#include "shared/settings.hpp"
#include "shared/settings_file.hpp"
#include "shared/settings_help.hpp"
#include "shared/utf8.hpp"

namespace solar {
namespace {

constexpr int kWrongUsage = 2;
constexpr const char* kSettingsCommand = "settings";
constexpr std::size_t kErrorMaxBytes = 500;
/// Stands before values that CLI11 would take for flags, lists or escapes of its own.
constexpr char kMark = '\x01';

bool is_flag(std::string_view word) { return word == "-h" || (word.starts_with("--") && word.size() > 2); }

/// Not one line of what a user types may be read as something else: only flags and plain words are left as they are.
std::string marked(std::string_view word) {
  const bool plain = !word.empty() && std::isalnum(static_cast<unsigned char>(word.front())) != 0;
  return plain ? std::string{word} : kMark + std::string{word};
}

std::string unmarked(std::string_view word) {
  if (word.starts_with(kMark)) word.remove_prefix(1);
  return std::string{word};
}

std::vector<std::string> marked_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  bool only_arguments = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = word.find('=');
    if (only_arguments) {
      words.push_back(kMark + std::string{word});
    } else if (word == "--") {
      only_arguments = true;
    } else if (!is_flag(word)) {
      words.push_back(marked(word));
    } else if (equals == std::string_view::npos) {
      words.emplace_back(word);
    } else {
      words.emplace_back(word.substr(0, equals));
      words.push_back(kMark + std::string{word.substr(equals + 1)});
    }
  }
  return words;
}

/// The last value that was given for `option`.
std::optional<std::string> value_of(const CLI::Option& option) {
  if (option.results().empty()) return std::nullopt;
  return unmarked(option.results().back());
}

/// Why the program cannot start, for one line.
struct Mistake {
  std::string text;
};

Mistake wrong(const Setting& setting, const std::string& source, const std::string& value, Problem problem) {
  if (problem.value.empty()) problem.value = shortened(value);
  return {setting.name + " from " + source + ": " + to_line(problem) + "; it may be: " + setting.allowed};
}

/// One command line through CLI11.
class Parser {
 public:
  explicit Parser(const CommandLine& line) : line_{line} {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", line.program + " " + line.version);
    config_ = add_option(app_, "config");
    for (const Setting& setting : line.settings->all()) {
      settings_[&setting] = setting.is_switch ? app_.add_flag("--" + setting.name) : add_option(app_, setting.name);
    }
    for (const Command& command : line.commands) add_command(command);
  }

  /// Throws CLI::ParseError, also for --help and --version.
  void parse(int argc, const char* const* argv) {
    auto words = marked_words(argc, argv);
    std::reverse(words.begin(), words.end());
    app_.parse(std::move(words));
  }

  /// What `error` means, in words of ours where CLI11 speaks of its own things or in its own order.
  [[nodiscard]] std::string explain(const CLI::ParseError& error) const {
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
      std::string words;
      for (const std::string& word : app_.remaining(true)) words.append(" ").append(unmarked(word));
      return "not understood:" + words;
    }
    const std::string text = error.what();
    return text == "A subcommand is required" ? "a command is missing" : text;
  }

  /// Flags, then environment, then file. Throws Mistake.
  void assign_settings() {
    const auto from_file = file_settings();
    for (const Setting& setting : line_.settings->all()) {
      const std::string variable = environment_name(setting.name);
      if (setting.is_switch && settings_.at(&setting)->count() > 0) {
        assign(setting, "flag --" + setting.name, "yes");
      } else if (const auto flag = value_of(*settings_.at(&setting))) {
        assign(setting, "flag --" + setting.name, *flag);
      } else if (const char* text = std::getenv(variable.c_str()); text != nullptr && *text != '\0') {
        assign(setting, "environment variable " + variable, text);
      } else if (const auto entry = from_file.find(setting.name); entry != from_file.end()) {
        assign(setting, "file " + shortened(config_path()) + ", key " + entry->second.key, entry->second.value);
      }
    }
  }

  /// The command with its own flags assigned. Throws Mistake.
  [[nodiscard]] Invocation invocation() const {
    const Parts& parts = parts_.at(chosen_command());
    for (const auto& [setting, option] : parts.options) {
      if (const auto value = value_of(*option)) check(*setting, "flag --" + setting->name, *value);
    }
    Invocation invocation{.command = chosen_command(), .arguments = {}, .switches = {}};
    for (const CLI::Option* argument : parts.arguments) invocation.arguments.push_back(*value_of(*argument));
    for (const auto& [name, option] : parts.switches) {
      if (option->count() > 0) invocation.switches.push_back(name);
    }
    return invocation;
  }

  /// The settings that somebody set, by name.
  [[nodiscard]] const std::map<std::string, std::string>& given() const { return given_; }

  /// "refused list"; as much of it as was given; empty: none.
  [[nodiscard]] std::string chosen_command() const {
    std::string name;
    for (const CLI::App* app = &app_; !app->get_subcommands().empty();) {
      app = app->get_subcommands().front();
      name.append(name.empty() ? "" : " ").append(app->get_name());
    }
    return name;
  }

 private:
  struct Parts {
    std::vector<CLI::Option*> arguments;
    std::vector<std::pair<const Setting*, CLI::Option*>> options;
    std::vector<std::pair<std::string, CLI::Option*>> switches;
  };

  static CLI::Option* add_option(CLI::App& app, const std::string& name) {
    return app.add_option("--" + name)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }

  void add_command(const Command& command) {
    CLI::App& app = app_for(command.name);
    Parts& parts = parts_[command.name];
    for (const auto& argument : command.arguments) {
      parts.arguments.push_back(app.add_option(argument.first)->required()->expected(1));
    }
    for (const Setting& option : command.options) parts.options.emplace_back(&option, add_option(app, option.name));
    for (const auto& one : command.switches) parts.switches.emplace_back(one.first, app.add_flag("--" + one.first));
  }

  CLI::App& app_for(std::string_view name) {
    CLI::App* app = &app_;
    while (!name.empty()) {
      const std::string word{name.substr(0, name.find(' '))};
      name.remove_prefix(std::min(word.size() + 1, name.size()));
      const auto known = app->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
      app = known.empty() ? app->add_subcommand(word)->fallthrough() : known.front();
      if (!name.empty()) app->require_subcommand(1);
    }
    return *app;
  }

  static void check(const Setting& setting, const std::string& source, const std::string& value) {
    if (auto problem = setting.assign(value)) throw wrong(setting, source, value, std::move(*problem));
  }

  void assign(const Setting& setting, const std::string& source, const std::string& value) {
    check(setting, source, value);
    given_[setting.name] = value;
  }

  [[nodiscard]] std::string config_path() const {
    if (const auto flag = value_of(*config_)) return *flag;
    const char* const path = std::getenv("CONFIG");
    if (path != nullptr && *path != '\0') return path;
    std::error_code error;
    return std::filesystem::exists(line_.config_file, error) ? line_.config_file : "";
  }

  [[nodiscard]] std::map<std::string, FileSetting> file_settings() const {
    std::map<std::string, FileSetting> by_name;
    if (config_path().empty()) return by_name;
    auto read = read_settings_file(config_path());
    const std::string file = "file " + shortened(config_path()) + ": ";
    if (const auto* problem = std::get_if<Problem>(&read)) throw Mistake{file + to_line(*problem)};
    for (FileSetting& setting : std::get<std::vector<FileSetting>>(read)) {
      const auto known = [&](const Setting& one) { return one.name == setting.name; };
      const auto& all = line_.settings->all();
      if (std::none_of(all.begin(), all.end(), known)) throw Mistake{file + "unknown key \"" + setting.key + "\""};
      by_name.emplace(setting.name, std::move(setting));
    }
    return by_name;
  }

  const CommandLine& line_;
  CLI::App app_;
  CLI::Option* config_{};
  std::map<const Setting*, CLI::Option*> settings_;
  std::map<std::string, Parts> parts_;
  std::map<std::string, std::string> given_;
};

int complain(const CommandLine& line, std::string text) {
  text.erase(std::remove(text.begin(), text.end(), kMark), text.end());
  std::fprintf(stderr, "%s: %s\n", line.program.c_str(), printable(text, kErrorMaxBytes).c_str());
  return kWrongUsage;
}

int complain_about_usage(const CommandLine& line, const std::string& command, const std::string& why) {
  std::string known;
  for (const Command& one : line.commands) known.append(known.empty() ? "" : ", ").append(one.name);
  const std::string help = "; see " + line.program + (command.empty() ? "" : " " + command) + " --help";
  return complain(line, why + help + " (commands: " + known + ")");
}

int show(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

Command settings_command() {
  return {.name = kSettingsCommand,
          .what = "print all settings as a TOML file: those that are set, and the others commented out",
          .arguments = {},
          .options = {},
          .switches = {}};
}

std::variant<Invocation, int> parse_command_line(const CommandLine& line, int argc, const char* const* argv) {
  Parser parser{line};
  try {
    parser.parse(argc, argv);
    parser.assign_settings();
    if (parser.chosen_command() == kSettingsCommand) return show(settings_text(line, parser.given()));
    return parser.invocation();
  } catch (const Mistake& mistake) {
    return complain(line, mistake.text);
  } catch (const CLI::CallForHelp&) {
    const std::string command = parser.chosen_command();
    return show(command.empty() ? help_text(line) : help_text(line, command));
  } catch (const CLI::CallForVersion&) {
    return show(line.program + " " + line.version + "\n");
  } catch (const CLI::ParseError& error) {
    return complain_about_usage(line, parser.chosen_command(), parser.explain(error));
  }
}

}  // namespace solar
