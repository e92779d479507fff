#include "shared/row_id.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace solar {
namespace {

constexpr std::size_t kTokenDigits = 16;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// `text` as a number, if all of it is one.
template <class Number>
std::optional<Number> whole_number(std::string_view text, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_string(const RowId& id) { return token_text(id.token) + "-" + std::to_string(id.seq); }

std::string token_text(std::uint64_t bits) {
  std::array<char, kTokenDigits> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  const auto length = static_cast<std::size_t>(end.ptr - digits.data());
  return std::string(kTokenDigits - length, '0').append(digits.data(), length);
}

std::optional<RowId> parse_row_id(std::string_view text) {
  if (text.size() < kTokenDigits + 2 || text[kTokenDigits] != '-') return std::nullopt;
  const std::string_view token_text = text.substr(0, kTokenDigits);
  const std::string_view seq_text = text.substr(kTokenDigits + 1);
  if (!std::all_of(token_text.begin(), token_text.end(), is_lower_hex)) return std::nullopt;
  if (seq_text.front() < '1' || seq_text.front() > '9') return std::nullopt;
  const auto token = whole_number<std::uint64_t>(token_text, 16);
  const auto seq = whole_number<std::int64_t>(seq_text, 10);
  if (!token || !seq) return std::nullopt;
  return RowId{.token = *token, .seq = *seq};
}

}  // namespace solar
