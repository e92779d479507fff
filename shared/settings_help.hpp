// What --help says.
#pragma once

#include <string>

#include "shared/settings.hpp"

namespace solar {

/// All commands and settings.
[[nodiscard]] std::string help_text(const CommandLine& line);

/// One command ("send"), or a group of them ("refused").
[[nodiscard]] std::string help_text(const CommandLine& line, const std::string& command);

}  // namespace solar
