#include "shared/settings_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace solar {
namespace {

constexpr std::size_t kFileMaxBytes = 64 * 1024;
constexpr std::string_view kWhiteSpace = " \t\r";
constexpr const char* kValueAdvice = "write name = \"text\", name = 5 or name = true";

bool is_key_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

std::string setting_name(std::string_view key) {
  std::string name{key};
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return name;
}

bool is_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  double number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0 && error == std::errc{} &&
         end == text.data() + text.size();
}

/// The character that `\c` stands for.
std::optional<char> unescaped(char c) {
  constexpr std::array<std::pair<char, char>, 7> kEscapes{
      {{'"', '"'}, {'\\', '\\'}, {'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'b', '\b'}, {'f', '\f'}}};
  const auto* const found =
      std::find_if(kEscapes.begin(), kEscapes.end(), [c](const auto& escape) { return escape.first == c; });
  if (found == kEscapes.end()) return std::nullopt;
  return found->second;
}

/// A value, and where in its line it ends.
struct Value {
  std::string text;
  std::size_t end{};
};

Result<Value> parse_quoted(std::string_view text) {
  const char quote = text.front();
  Value value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      value.end = i + 1;
      return value;
    }
    if (quote == '"' && text[i] == '\\') {
      const auto character = i + 1 < text.size() ? unescaped(text[i + 1]) : std::nullopt;
      if (!character) return Problem{"unknown escape", shortened(text), "in '...' a backslash is a backslash"};
      value.text += *character;
      ++i;
      continue;
    }
    value.text += text[i];
  }
  return Problem{"the closing quote is missing", shortened(text), {}};
}

Result<Value> parse_value(std::string_view text) {
  if (text.starts_with('"') || text.starts_with('\'')) return parse_quoted(text);
  const std::size_t end = std::min(text.find_first_of(" \t#"), text.size());
  const std::string_view word = text.substr(0, end);
  if (word != "true" && word != "false" && !is_number(word)) {
    return Problem{"neither a string in quotes nor a number nor a boolean", shortened(text), kValueAdvice};
  }
  return Value{std::string{word}, end};
}

Result<FileSetting> parse_line(std::string_view line) {
  if (line.starts_with('['))
    return Problem{"there are no sections here", shortened(line), "write all keys without one"};
  const auto* const key_end = std::find_if_not(line.begin(), line.end(), is_key_character);
  const std::string_view key = line.substr(0, static_cast<std::size_t>(key_end - line.begin()));
  const std::string_view after_key = trimmed(line.substr(key.size()));
  if (key.empty() || !after_key.starts_with('=')) return Problem{"no setting", shortened(line), kValueAdvice};
  const std::string_view value_text = trimmed(after_key.substr(1));
  auto value = parse_value(value_text);
  if (auto* problem = std::get_if<Problem>(&value)) {
    return Problem{std::string{key} + ": " + problem->what, problem->value, problem->advice};
  }
  auto& [text, end] = std::get<Value>(value);
  const std::string_view rest = trimmed(value_text.substr(end));
  if (!rest.empty() && !rest.starts_with('#')) {
    return Problem{std::string{key} + " has something after its value", shortened(rest), kValueAdvice};
  }
  return FileSetting{setting_name(key), std::string{key}, std::move(text)};
}

}  // namespace

Result<std::vector<FileSetting>> parse_settings(std::string_view text) {
  std::vector<FileSetting> settings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    auto parsed = parse_line(line);
    if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    auto& setting = std::get<FileSetting>(parsed);
    const auto same = [&](const FileSetting& other) { return other.name == setting.name; };
    if (std::any_of(settings.begin(), settings.end(), same)) return Problem{setting.key + " is there twice", {}, {}};
    settings.push_back(std::move(setting));
  }
  return settings;
}

Result<std::vector<FileSetting>> read_settings_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rbe"), std::fclose};
  if (!file) return Problem{std::strerror(errno), {}, {}};
  std::string text(kFileMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Problem{std::strerror(errno), {}, {}};
  if (text.size() > kFileMaxBytes) return Problem{"larger than 64 KiB", {}, {}};
  return parse_settings(text);
}

}  // namespace solar
