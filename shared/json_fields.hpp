// The top of a JSON text: which names it has, of which kind their values are, and at which bytes they stand. Nothing
// here builds a tree: what lies deeper is checked and passed over.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/problem.hpp"

namespace solar {

enum class JsonKind { Null, Boolean, Number, String, Array, Object };

/// One name at the top of an object.
struct JsonField {
  std::string name;  ///< decoded
  JsonKind kind{};
  std::string text;  ///< decoded, of a String; else empty

  bool operator==(const JsonField&) const = default;
};

/// The bytes of one name and its value in a text, without the white space around them.
struct JsonFieldBytes {
  std::string_view name;  ///< with its quotes
  std::string_view value;
};

/// Checks all of `text` as one JSON object (RFC 8259; every number finite) and gives the fields at its top in their
/// order. Refused: anything else, a byte order mark, a NUL byte, invalid UTF-8, a name twice at the top (compared
/// decoded), more than `max_levels` of nesting (the object's own braces are level 1). Never throws; memory is bounded
/// by the text's size.
[[nodiscard]] Result<std::vector<JsonField>> scan_fields(std::string_view text, std::size_t max_levels);

/// Where the fields stand, in the order of `scan_fields`. REQUIRES: scan_fields(object) found no problem.
[[nodiscard]] std::vector<JsonFieldBytes> field_bytes(std::string_view object);

/// The elements of a JSON array as bytes, without the white space around them and not checked themselves. nullopt:
/// where they begin and end cannot be told (an open string or bracket, an empty element, bytes after the array), or
/// they are more than `max_elements`.
[[nodiscard]] std::optional<std::vector<std::string_view>> split_array(std::string_view array,
                                                                       std::size_t max_elements);

/// `text` without JSON's white space (space, tab, CR, LF) around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace solar
