#include "shared/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace solar {
namespace {

/// What RFC 3629 allows after a first byte: how many bytes in all, and the range of the second one.
struct Lead {
  std::size_t length{};
  std::uint8_t second_min{0x80};
  std::uint8_t second_max{0xBF};
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {.length = 1};
  if (byte < 0xC2) return {.length = 0};
  if (byte < 0xE0) return {.length = 2};
  if (byte == 0xE0) return {.length = 3, .second_min = 0xA0};
  if (byte == 0xED) return {.length = 3, .second_max = 0x9F};
  if (byte < 0xF0) return {.length = 3};
  if (byte == 0xF0) return {.length = 4, .second_min = 0x90};
  if (byte < 0xF4) return {.length = 4};
  if (byte == 0xF4) return {.length = 4, .second_max = 0x8F};
  return {.length = 0};
}

bool is_control(std::string_view character) {
  const auto byte = static_cast<std::uint8_t>(character[0]);
  if (character.size() == 1) return byte < 0x20 || byte == 0x7F;
  // U+0080 to U+009F: terminals take them for escape sequences.
  return byte == 0xC2 && static_cast<std::uint8_t>(character[1]) < 0xA0;
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += "\\x";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0x0FU];
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const Lead lead = lead_of(static_cast<std::uint8_t>(text[0]));
  if (lead.length > text.size()) return 0;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t min = i == 1 ? lead.second_min : 0x80;
    const std::uint8_t max = i == 1 ? lead.second_max : 0xBF;
    if (byte < min || byte > max) return 0;
  }
  return lead.length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text.substr(end)), 1);
    if (end + length > max_bytes) break;
    end += length;
  }
  return text.substr(0, end);
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string_view rest = utf8_prefix(text, max_bytes);
  const bool cut = rest.size() < text.size();
  std::string out;
  out.reserve(rest.size() + 3);
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    const std::string_view character = rest.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(character)) {
      append_escaped(out, character);
    } else {
      out += character;
    }
    rest.remove_prefix(character.size());
  }
  if (cut) out += "...";
  return out;
}

}  // namespace solar
