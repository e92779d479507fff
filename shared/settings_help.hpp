// What --help says, also as a settings file.
#pragma once

#include <map>
#include <string>

#include "shared/settings.hpp"

namespace solar {

/// All commands and settings.
[[nodiscard]] std::string help_text(const CommandLine& line);

/// One command ("send"), or a group of them ("refused").
[[nodiscard]] std::string help_text(const CommandLine& line, const std::string& command);

/// All settings as a TOML file, each below what --help says of it: `name = value` for those in `given` (name and text),
/// the others as `#name = value` with their default, or an example.
[[nodiscard]] std::string settings_text(const CommandLine& line, const std::map<std::string, std::string>& given);

}  // namespace solar
