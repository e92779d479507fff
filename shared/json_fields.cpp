#include "shared/json_fields.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/utf8.hpp"

namespace solar {
namespace {

using nlohmann::json;

constexpr std::size_t kFieldsUsual = 8;
constexpr std::string_view kObjectAdvice = R"(send one JSON object: {"village":"..","power_kw":number})";

/// Hears what nlohmann's parser reads (its SAX interface; the parser itself does not recurse) and keeps the top.
class FieldReader {
 public:
  FieldReader(std::string_view text, std::size_t max_levels) : text_{text}, max_levels_{max_levels} {
    fields_.reserve(kFieldsUsual);
  }

  bool null() { return on_value(JsonKind::Null); }
  bool boolean(bool) { return on_value(JsonKind::Boolean); }
  bool number_integer(json::number_integer_t) { return on_value(JsonKind::Number); }
  bool number_unsigned(json::number_unsigned_t) { return on_value(JsonKind::Number); }
  bool number_float(json::number_float_t number, const std::string& token) {
    return std::isfinite(number) ? on_value(JsonKind::Number) : out_of_range(token);
  }
  bool string(std::string& text) {
    if (!on_value(JsonKind::String)) return false;
    if (level_ == 1) fields_.back().text = std::move(text);
    return true;
  }
  bool binary(json::binary_t&) { return false; }
  bool key(std::string& name) {
    if (level_ == 1) fields_.push_back({.name = std::move(name), .kind = {}, .text = {}});
    return true;
  }
  bool start_object(std::size_t) { return (level_ == 0 || on_value(JsonKind::Object)) && descend(); }
  bool start_array(std::size_t) { return on_value(JsonKind::Array) && descend(); }
  bool end_object() { return ascend(); }
  bool end_array() { return ascend(); }

  bool parse_error(std::size_t position, const std::string& token, const json::exception& error) {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) return out_of_range(token);
    if (!is_utf8(text_)) return fail({"invalid UTF-8", shortened(text_), "send UTF-8"});
    return fail({"not JSON, at byte " + std::to_string(position), shortened(text_), std::string{kObjectAdvice}});
  }

  /// REQUIRES: the parser has ended; `whole` is what it said.
  Result<std::vector<JsonField>> take(bool whole) {
    if (whole) return std::move(fields_);
    return std::move(problem_);
  }

 private:
  bool on_value(JsonKind kind) {
    if (level_ == 0) return fail({"JSON, but no object", shortened(text_), std::string{kObjectAdvice}});
    if (level_ == 1) fields_.back().kind = kind;
    return true;
  }

  bool descend() {
    if (++level_ <= max_levels_) return true;
    return fail(
        {"nested deeper than " + std::to_string(max_levels_) + " levels", shortened(text_), "send flat fields"});
  }

  bool ascend() {
    --level_;
    return true;
  }

  bool out_of_range(std::string_view token) {
    const std::string name = fields_.empty() ? "" : " in the field \"" + shortened(fields_.back().name) + "\"";
    return fail({"number out of range" + name, shortened(token), "send a finite number"});
  }

  bool fail(Problem problem) {
    problem_ = std::move(problem);
    return false;
  }

  std::string_view text_;
  std::size_t max_levels_;
  std::size_t level_{};
  std::vector<JsonField> fields_;
  Problem problem_;
};

/// What nlohmann's parser takes for an end or passes over, although JSON has no such thing.
std::optional<Problem> check_bytes(std::string_view text) {
  if (text.empty()) return Problem{"empty", "", std::string{kObjectAdvice}};
  if (text.starts_with("\xEF\xBB\xBF")) {
    return Problem{"starts with a byte order mark", shortened(text), "send UTF-8 without it"};
  }
  if (text.find('\0') != std::string_view::npos) return Problem{"holds a NUL byte", shortened(text), "send JSON text"};
  return std::nullopt;
}

/// A name that stands twice. Sorted rather than compared one by one: a hostile object has a thousand names.
std::optional<std::string_view> name_twice(const std::vector<JsonField>& fields) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const JsonField& field : fields) names.push_back(field.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? std::nullopt : std::optional{*twice};
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

/// Where the string that begins at `at` has its closing quote; npos: nowhere.
std::size_t closing_quote(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at < text.size() ? at : std::string_view::npos;
}

/// The first `,`, `]` or `}` from `at` on that is in no string and no inner object or array; nullopt: none, or the
/// inner brackets do not match.
std::optional<std::size_t> end_of_value(std::string_view text, std::size_t at) {
  std::string awaited;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      at = closing_quote(text, at);
      if (at == std::string_view::npos) return std::nullopt;
    } else if (c == '{' || c == '[') {
      awaited += c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (awaited.empty()) return at;
      if (awaited.back() != c) return std::nullopt;
      awaited.pop_back();
    } else if (c == ',' && awaited.empty()) {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<JsonField>> scan_fields(std::string_view text, std::size_t max_levels) {
  if (auto problem = check_bytes(text)) return *std::move(problem);
  FieldReader reader{text, max_levels};
  const bool whole = json::sax_parse(text.data(), text.data() + text.size(), &reader);
  Result<std::vector<JsonField>> result = reader.take(whole);
  if (!whole) return result;
  if (const auto name = name_twice(std::get<std::vector<JsonField>>(result))) {
    return Problem{"a name stands twice at the top", shortened(*name), "send every name once"};
  }
  return result;
}

std::vector<JsonFieldBytes> field_bytes(std::string_view object) {
  std::vector<JsonFieldBytes> fields;
  std::size_t at = skip_space(object, object.find('{') + 1);
  while (at < object.size() && object[at] == '"') {
    const std::size_t name_end = closing_quote(object, at) + 1;
    const std::size_t value_at = object.find(':', name_end) + 1;
    const std::size_t end = end_of_value(object, value_at).value_or(object.size());
    fields.push_back(
        {.name = object.substr(at, name_end - at), .value = trimmed(object.substr(value_at, end - value_at))});
    at = skip_space(object, end + 1);
  }
  return fields;
}

std::optional<std::vector<std::string_view>> split_array(std::string_view array, std::size_t max_elements) {
  array = trimmed(array);
  if (!array.starts_with('[')) return std::nullopt;
  std::vector<std::string_view> elements;
  std::size_t at = skip_space(array, 1);
  if (at + 1 == array.size() && array[at] == ']') return elements;
  for (;;) {
    const auto end = end_of_value(array, at);
    if (!end || array[*end] == '}' || elements.size() == max_elements) return std::nullopt;
    elements.push_back(trimmed(array.substr(at, *end - at)));
    if (elements.back().empty()) return std::nullopt;
    at = *end + 1;
    if (array[*end] == ']') break;
  }
  if (at != array.size()) return std::nullopt;
  return elements;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string json_quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto byte = static_cast<std::uint8_t>(text.front());
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0x0FU];
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out += '"';
}

}  // namespace solar
