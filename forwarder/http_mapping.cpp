#include "forwarder/http_mapping.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <utility>

#include "shared/utf8.hpp"

namespace solar {
namespace {

constexpr std::int64_t kSecondsMax = 1'000'000'000'000;  ///< far above what is clamped later, far below overflow

std::string_view first_line(std::string_view text) { return text.substr(0, text.find_first_of("\r\n")); }

Outcome refused(const HttpAnswer& answer) {
  auto why = "central answered " + std::to_string(answer.status);
  const auto line = utf8_prefix(first_line(answer.body), kAnswerQuotedMaxBytes);
  if (!line.empty()) why += ": " + printable(line, kAnswerQuotedMaxBytes);
  return Refused{std::move(why)};
}

std::optional<Cause> temporary_cause(int status) {
  switch (status) {
    case 408:
    case 502:
    case 504:
      return Cause::Gateway;
    case 429:
    case 503:
      return Cause::Overload;
    case 409:
    case 425:
      return Cause::ServerError;
    default:
      if (status >= 500 && status <= 599) return Cause::ServerError;
      return std::nullopt;
  }
}

/// What an operator should look at.
std::string_view advice(int status) {
  if (status == 401 || status == 403) return ": check API_TOKEN_FILE";
  if (status == 404 || status == 405) return ": check API_URL";
  if (status >= 300 && status <= 399) return ", a redirect: set API_URL to the address that it leads to";
  if (status == 407) return ": a proxy stands between";
  if (status == 409) return ", a conflict: if that means that it has the reading already, set API_CONFLICT to stored";
  return "";
}

std::optional<Millis> parse_seconds(std::string_view digits) {
  std::int64_t seconds{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) seconds = kSecondsMax;
  return std::chrono::seconds{std::min(seconds, kSecondsMax)};
}

std::optional<Millis> parse_date(const std::string& text) {
  // The three forms that RFC 9110 wants understood.
  for (const char* const form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* const end = strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    return std::chrono::seconds{timegm(&parts)};
  }
  return std::nullopt;
}

void append_encoded(std::string& to, std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kReserved = "/+#%$\"\\";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && kReserved.find(c) == std::string_view::npos) {
      to.push_back(c);
    } else {
      to.push_back('%');
      to.push_back(kHex[byte >> 4U]);
      to.push_back(kHex[byte & 0xFU]);
    }
  }
}

}  // namespace

Outcome to_outcome(const HttpAnswer& answer, ApiConflict conflict, Millis wall) {
  const auto status = answer.status;
  if (status >= 200 && status <= 299) return Delivered{};
  if (status == 409 && conflict == ApiConflict::Stored) return Delivered{};
  if (status == 400 || status == 413 || status == 422) return refused(answer);

  const auto cause = temporary_cause(status).value_or(Cause::Misconfigured);
  auto why = "central answered " + std::to_string(status);
  why += advice(status);
  const auto retry_after = answer.retry_after ? parse_retry_after(*answer.retry_after, wall) : std::nullopt;
  return Unavailable{cause, std::move(why), retry_after};
}

Outcome to_outcome(TransportFault fault, std::string why) {
  return Unavailable{fault == TransportFault::Timeout ? Cause::Timeout : Cause::NoConnection, std::move(why),
                     std::nullopt};
}

std::optional<Millis> parse_retry_after(std::string_view value, Millis wall) {
  constexpr std::string_view kSpace = " \t\r\n";  // curl leaves the line end of an empty header
  const auto first = value.find_first_not_of(kSpace);
  if (first == std::string_view::npos || value.size() > 64) return std::nullopt;
  value = value.substr(first, value.find_last_not_of(kSpace) - first + 1);
  if (value.find_first_not_of("0123456789") == std::string_view::npos) return parse_seconds(value);

  if (!is_plausible(wall)) return std::nullopt;
  const auto date = parse_date(std::string{value});
  if (!date || *date < wall) return std::nullopt;
  return *date - wall;
}

std::string idempotency_key(const Origin& origin, std::string_view id, std::uint32_t crc) {
  std::string key;
  key.reserve(origin.village.size() + origin.device.size() + id.size() + 16);
  append_encoded(key, origin.village);
  key.push_back('/');
  append_encoded(key, origin.device);
  key.push_back('/');
  key.append(id);
  key.push_back('/');
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) key.push_back(kHex[(crc >> static_cast<unsigned>(shift)) & 0xFU]);
  return key;
}

}  // namespace solar
