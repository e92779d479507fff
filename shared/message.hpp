// One MQTT payload of a `readings` topic: one reading, or a JSON array of readings, maybe deflated.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/problem.hpp"
#include "shared/reading.hpp"

namespace solar {

inline constexpr std::size_t kMessageMaxBytes =
    std::size_t{256} * 1024;                              ///< payload as received, and again after inflating
inline constexpr std::size_t kMessageMaxReadings = 1000;  ///< readings in one array
inline constexpr std::string_view kDeflate =
    "deflate";  ///< value of the user property `content-encoding` (zlib, RFC 1950)
inline constexpr std::string_view kContentEncoding = "content-encoding";
inline constexpr std::string_view kContentTypeJson = "application/json";

/// A part of a message that could not be read as a reading.
struct BadPart {
  std::string
      bytes;  ///< raw, as it came: an element of the (inflated) array, or the payload, at most kMessageMaxBytes of it
  Problem problem;
  bool whole{true};  ///< `bytes` are the payload, and still encoded as it is
};

/// What a message holds. A bad element of an array does not hold back its neighbours.
struct DecodedMessage {
  std::vector<Reading> readings;
  std::vector<BadPart> bad;
};

/// Never throws on any bytes; memory is bounded by kMessageMaxBytes. An empty array is a bad part: it holds no reading.
/// An array whose elements cannot be told apart is one bad part; no reading is taken from it.
[[nodiscard]] DecodedMessage decode_message(std::string_view payload, std::optional<std::string_view> content_encoding,
                                            std::string_view village);

struct EncodedMessage {
  std::string payload;
  bool deflated{};

  bool operator==(const EncodedMessage&) const = default;
};

/// A backlog batch: the bodies as a JSON array, byte for byte, deflated when that is shorter. One body stays plain.
/// REQUIRES: 1 to kMessageMaxReadings bodies, together at most kMessageMaxBytes with their commas.
[[nodiscard]] EncodedMessage encode_batch(std::span<const std::string_view> bodies);

}  // namespace solar
