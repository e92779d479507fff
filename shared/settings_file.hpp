// A settings file: the part of TOML that names and values need, so that every TOML editor and linter works on it.
//
//   # a comment
//   broker-url = "mqtts://broker.example:8883"   # keys may be broker_url or BROKER_URL as well
//   village = 'Mont Fébé #2'
//   retry-attempts = 5
//
// CLI11's own reader (2.1) cuts a quoted string at `#` and splits at spaces without a word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/problem.hpp"

namespace solar {

struct FileSetting {
  std::string name;  ///< as in Setting::name, whichever way the key was written
  std::string key;   ///< as it stands in the file
  std::string value;

  bool operator==(const FileSetting&) const = default;
};

/// The keys and values in `text`; or the first that is wrong: no `key = value`, a section, an array, text without
/// quotes, an unknown escape, a key twice.
[[nodiscard]] Result<std::vector<FileSetting>> parse_settings(std::string_view text);

/// The same for the file at `path`, of at most 64 KiB.
[[nodiscard]] Result<std::vector<FileSetting>> read_settings_file(const std::string& path);

}  // namespace solar
