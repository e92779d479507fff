// Text that came from outside: where its characters end, and how to show it without being fooled by it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace solar {

/// Bytes of the UTF-8 character that `text` starts with (1 to 4); 0: none does (empty, overlong, surrogate, cut short).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

/// At most `max_bytes` of `text`, cut between characters.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

/// `text` fit for one line of a log or a terminal: control characters and invalid UTF-8 as \xNN; of more than
/// `max_bytes` the rest is cut and "..." stands for it.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes);

}  // namespace solar
