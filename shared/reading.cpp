#include "shared/reading.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "shared/json_fields.hpp"

namespace solar {
namespace {

constexpr std::string_view kAdvice = R"(send {"village":"..","power_kw":number})";
constexpr std::size_t kOutboxIdMaxBytes = 40;  ///< what the outbox may write at Draft::id_at

using Fields = std::vector<JsonField>;

const JsonField* find(const Fields& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const JsonField& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

bool is_id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == ':' || c == '-';
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdMaxBytes && std::all_of(text.begin(), text.end(), is_id_character);
}

Problem too_long(std::string_view bytes) {
  return {"reading of " + std::to_string(bytes.size()) + " bytes, more than " + std::to_string(kReadingMaxBytes),
          shortened(bytes), "send fewer or shorter fields"};
}

std::optional<Problem> check_power(const Fields& fields, std::string_view bytes) {
  const JsonField* power = find(fields, "power_kw");
  if (power == nullptr) return Problem{"power_kw is missing", shortened(bytes), std::string{kAdvice}};
  if (power->kind == JsonKind::Number) return std::nullopt;
  return Problem{"power_kw is no number", shortened(bytes), R"(send "power_kw":120 without quotes)"};
}

std::optional<Problem> check_village(const Fields& fields, std::string_view bytes, std::string_view village) {
  const JsonField* field = find(fields, "village");
  if (field == nullptr) return std::nullopt;
  if (field->kind != JsonKind::String) return Problem{"village is no string", shortened(bytes), std::string{kAdvice}};
  if (field->text == village) return std::nullopt;
  return Problem{"another village than the sender's", shortened(field->text),
                 "a village reports only for itself: leave village out or send \"" + shortened(village) + "\""};
}

/// What a reading and a source line have in common. REQUIRES: `bytes` is trimmed.
Result<Fields> check(std::string_view bytes, std::string_view village) {
  if (bytes.size() > kReadingMaxBytes) return too_long(bytes);
  Result<Fields> scanned = scan_fields(bytes, kNestingMaxLevels);
  const auto* fields = std::get_if<Fields>(&scanned);
  if (fields == nullptr) return scanned;
  if (auto problem = check_power(*fields, bytes)) return *std::move(problem);
  if (auto problem = check_village(*fields, bytes, village)) return *std::move(problem);
  return scanned;
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  out.append("\"").append(name).append("\":").append(json_quoted(text)).append(",");
}

/// `line` with its name `id` as `source_id`: same place, same value. REQUIRES: `fields` are the line's, one of them is
/// `id`.
std::string with_source_id(std::string_view line, const Fields& fields) {
  const auto index = static_cast<std::size_t>(find(fields, "id") - fields.data());
  const std::string_view name = field_bytes(line)[index].name;
  const auto at = static_cast<std::size_t>(name.data() - line.data());
  return std::string{line}.replace(at, name.size(), "\"source_id\"");
}

}  // namespace

Result<Reading> decode_reading(std::string_view bytes, std::string_view village) {
  bytes = trimmed(bytes);
  Result<Fields> checked = check(bytes, village);
  if (auto* problem = std::get_if<Problem>(&checked)) return std::move(*problem);
  const Fields& fields = std::get<Fields>(checked);
  Reading reading;
  if (const JsonField* id = find(fields, "id")) {
    if (id->kind != JsonKind::String)
      return Problem{"id is no string", shortened(bytes), R"(send "id":"a-name", or none)"};
    if (!is_id(id->text)) {
      return Problem{"id is not usable", shortened(id->text), "1 to 64 of A-Z a-z 0-9 _ : -, or leave it out"};
    }
    reading.id = id->text;
  }
  if (find(fields, "village") != nullptr) {
    reading.body = bytes;
    return reading;
  }
  // power_kw is there, so the comma is never a trailing one.
  reading.body = "{";
  append_field(reading.body, "village", village);
  reading.body += bytes.substr(1);
  return reading;
}

Result<Draft> complete_reading(std::string_view line, const Origin& origin, std::optional<Millis> measured_at) {
  line = trimmed(line);
  Result<Fields> checked = check(line, origin.village);
  if (auto* problem = std::get_if<Problem>(&checked)) return std::move(*problem);
  const Fields& fields = std::get<Fields>(checked);
  const bool has_id = find(fields, "id") != nullptr;
  if (has_id && find(fields, "source_id") != nullptr) {
    return Problem{"id and source_id in one reading", shortened(line),
                   "send one of them: the outbox gives every reading an id and keeps yours as source_id"};
  }
  constexpr std::string_view kStart = R"({"id":")";
  Draft draft{.body = std::string{kStart} + "\",", .id_at = kStart.size()};
  if (find(fields, "village") == nullptr) append_field(draft.body, "village", origin.village);
  if (find(fields, "device") == nullptr) append_field(draft.body, "device", origin.device);
  if (measured_at && find(fields, "measured_at") == nullptr)
    append_field(draft.body, "measured_at", rfc3339(*measured_at));
  draft.body += has_id ? with_source_id(line, fields).substr(1) : line.substr(1);
  if (draft.body.size() + kOutboxIdMaxBytes > kReadingMaxBytes) return too_long(draft.body);
  return draft;
}

}  // namespace solar
