// What central reads and writes, as pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tests/central/store.hpp"

namespace solar::central {

/// Why a request is wrong, for the answer's body.
struct Wrong {
  std::string reason;
};

/// The village of a reading, or what is wrong with it: no JSON object, `village` no text, `power_kw` no number.
[[nodiscard]] std::variant<std::string, Wrong> village_of(std::string_view body);

/// The key of a request: the header without quotes, or a hash of the body where there is no header.
[[nodiscard]] std::string key_of(std::string_view header, std::string_view body);

/// `since` as a cursor ("17": rows after n = 17) or as a moment ("2026-01-28T10:15:00Z", with or without milliseconds);
/// empty: all.
[[nodiscard]] std::optional<Selection> selection(std::string_view village, std::string_view since);

/// {"n":1,"key":"..","received_at":"..","reading":<body>} and a line feed. The body is as it came; line ends in it
/// (white space of JSON) become spaces.
[[nodiscard]] std::string to_line(const Row& row);

/// {"error":"<reason>"}
[[nodiscard]] std::string error_json(std::string_view reason);

}  // namespace solar::central
