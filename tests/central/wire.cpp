#include "tests/central/wire.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace solar::central {
namespace {

using nlohmann::json;

std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::string rfc3339(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char milliseconds[8];
  std::snprintf(milliseconds, sizeof milliseconds, ".%03dZ", static_cast<int>(ms % 1000));
  return std::string(text, length) + milliseconds;
}

std::optional<std::int64_t> parse_rfc3339(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::int64_t ms = ::timegm(&parts) * std::int64_t{1000};
  if (*rest == '.') {
    std::int64_t weight = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, weight /= 10) ms += weight * (*rest - '0');
  }
  if (std::string_view{rest} != "Z") return std::nullopt;
  return ms;
}

}  // namespace

std::variant<std::string, Wrong> village_of(std::string_view body) {
  const json reading = json::parse(body, nullptr, false);
  if (!reading.is_object()) return Wrong{"the body is not one JSON object"};
  const auto village = reading.find("village");
  if (village == reading.end()) return Wrong{"village is missing"};
  if (!village->is_string() || village->get_ref<const std::string&>().empty()) return Wrong{"village is not a text"};
  const auto power = reading.find("power_kw");
  if (power == reading.end()) return Wrong{"power_kw is missing"};
  if (!power->is_number() || !std::isfinite(power->get<double>())) return Wrong{"power_kw is not a number"};
  return village->get<std::string>();
}

std::string key_of(std::string_view header, std::string_view body) {
  if (header.size() >= 2 && header.front() == '"' && header.back() == '"') header = header.substr(1, header.size() - 2);
  if (!header.empty()) return std::string{header};
  char text[48];
  std::snprintf(text, sizeof text, "body-%016llx%016llx",
                static_cast<unsigned long long>(fnv1a(body, 0xcbf29ce484222325ULL)),
                static_cast<unsigned long long>(fnv1a(body, 0x84222325cbf29ce4ULL)));
  return text;
}

std::optional<Selection> selection(std::string_view village, std::string_view since) {
  Selection chosen;
  chosen.village = village;
  if (since.empty()) return chosen;
  const auto [end, error] = std::from_chars(since.data(), since.data() + since.size(), chosen.after_n);
  if (error == std::errc{} && end == since.data() + since.size()) return chosen;
  const auto moment = parse_rfc3339(std::string{since});
  if (!moment) return std::nullopt;
  chosen.after_n = 0;
  chosen.since_ms = *moment;
  return chosen;
}

std::string to_line(const Row& row) {
  std::string body = row.body;
  std::replace_if(
      body.begin(), body.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return R"({"n":)" + std::to_string(row.n) + R"(,"key":)" +
         json(row.key).dump(-1, ' ', false, json::error_handler_t::replace) + R"(,"received_at":")" +
         rfc3339(row.received_at_ms) + R"(","reading":)" + body + "}\n";
}

std::string error_json(std::string_view reason) {
  return json{{"error", reason}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace solar::central
