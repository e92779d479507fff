// The id that a queue gives a reading for life (invariant I4).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace solar {

/// `<token>-<seq>` in text: token as 16 lower-case hex digits, seq decimal without leading zeros, 1 or more.
/// The token is drawn anew at every opening of a database, so copies of a file never make the same id.
struct RowId {
  std::uint64_t token{};
  std::int64_t seq{};

  auto operator<=>(const RowId&) const = default;
};

[[nodiscard]] std::string to_string(const RowId& id);

/// 64 bits as a row's id shows them: 16 lower-case hex digits.
[[nodiscard]] std::string token_text(std::uint64_t bits);

/// The id written in `text`, if it is exactly one in the form above.
[[nodiscard]] std::optional<RowId> parse_row_id(std::string_view text);

}  // namespace solar

template <>
struct std::hash<solar::RowId> {
  std::size_t operator()(const solar::RowId& id) const noexcept {
    return static_cast<std::size_t>(id.token ^ (static_cast<std::uint64_t>(id.seq) * 0x9E3779B97F4A7C15ULL));
  }
};
