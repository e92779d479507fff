// One reading: the JSON object that a village reports, checked and completed without ever being re-serialised.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/problem.hpp"

namespace solar {

inline constexpr std::size_t kReadingMaxBytes = std::size_t{8} * 1024;  ///< one reading, as it came
inline constexpr std::size_t kNestingMaxLevels = 32;                    ///< the reading's own braces are level 1
inline constexpr std::size_t kIdMaxBytes = 64;                          ///< `A-Z a-z 0-9 _ : -`

/// A reading as a forwarder keeps it.
struct Reading {
  std::string body;               ///< the sender's bytes; `"village":"..",` inserted after the `{` if it was missing
  std::optional<std::string> id;  ///< the sender's own id: asks for a receipt

  bool operator==(const Reading&) const = default;
};

/// A line from a source, completed but for its id, as a publisher hands it to the outbox.
struct Draft {
  std::string body;     ///< complete JSON with an empty string as `"id":""`
  std::size_t id_at{};  ///< offset in `body` between those two quotes, where the outbox writes the id

  bool operator==(const Draft&) const = default;
};

/// Who speaks: the names as people write them, not percent-encoded.
struct Origin {
  std::string village;
  std::string device;

  auto operator<=>(const Origin&) const = default;
};

/// Checks `bytes` as a reading that came over the topic of `village`. Required: `village` (string; inserted when it is
/// missing, refused when it differs) and `power_kw` (a finite JSON number). Also refused: not one JSON object, a name
/// twice at the top (compared decoded), invalid UTF-8, more than kNestingMaxLevels, more than kReadingMaxBytes, an `id`
/// that is no string of the allowed form. Surrounding white space is dropped.
[[nodiscard]] Result<Reading> decode_reading(std::string_view bytes, std::string_view village);

/// Checks one source line by the same rules and fills in, right after the `{`, what is missing of `village`, `device`,
/// `id` and `measured_at` (left out when nullopt: the clock is not to be believed). A sender's own `id` would clash
/// with the outbox's (invariant I4): that field travels on under the name `source_id`. The result, with an id of at
/// most 40 bytes written in, never exceeds kReadingMaxBytes.
[[nodiscard]] Result<Draft> complete_reading(std::string_view line, const Origin& origin,
                                             std::optional<Millis> measured_at);

}  // namespace solar
