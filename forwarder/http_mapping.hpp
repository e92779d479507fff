// What central's answer means (design, section 4): pure, no network, no clock.
//
//   2xx                                     delivered
//   400 413 422                             this reading is wrong
//   408 502 504 | 429 503 | 425, other 5xx  central cannot now
//   409                                     by API_CONFLICT: cannot now, or delivered
//   every other status                      we, or central, are set up wrong
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/delivery.hpp"
#include "shared/reading.hpp"

namespace solar {

/// What a 409 means (API_CONFLICT).
enum class ApiConflict {
  Retry,   ///< the first request with this key may still run
  Stored,  ///< central has the reading already
};

inline constexpr std::size_t kAnswerQuotedMaxBytes = 200;  ///< of an answer's body, in a refusal's reason

struct HttpAnswer {
  int status{};
  std::optional<std::string_view> retry_after;  ///< the header's value as it came
  std::string_view body;                        ///< its beginning
};

/// `wall` is what an HTTP-date in Retry-After is counted from.
[[nodiscard]] Outcome to_outcome(const HttpAnswer& answer, ApiConflict conflict, Millis wall);

/// Why there is no answer.
enum class TransportFault {
  Unresolvable,  ///< the host name has no address
  NoConnection,  ///< refused, or no way there
  Tls,
  Timeout,
  Closed,   ///< the connection ended before the answer did
  NotHttp,  ///< whatever answered does not speak HTTP
  Local,    ///< this machine: no memory, no descriptors, an unreadable certificate
};

/// `why` is for people, and names where to.
[[nodiscard]] Outcome to_outcome(TransportFault fault, std::string why);

/// "120", or an HTTP-date not in the past of `wall`; nullopt: rubbish, or a date while the clock is not to be believed.
/// Not clamped.
[[nodiscard]] std::optional<Millis> parse_retry_after(std::string_view value, Millis wall);

/// `<village>/<device>/<id>/<crc32, 8 hex digits>`, the names percent-encoded as in topics, and also what cannot stand
/// in a quoted header: `"`, `\` and every byte that is not printable ASCII. REQUIRES: `id` is of the allowed form.
[[nodiscard]] std::string idempotency_key(const Origin& origin, std::string_view id, std::uint32_t crc);

}  // namespace solar
