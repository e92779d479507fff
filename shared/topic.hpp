// The topics, the only place that spells them:
//
//   solar/<village>/<device>/readings      publisher, or any MQTT device
//   solar/<village>/<device>/receipts      forwarder
//   solar/<village>/<device>/presence      publisher; its last will (retained)
//   solar/<village>/<device>/status        publisher (retained)
//   solar/<village>/<device>/dead-letters  forwarder
//
// <village> and <device> are names of 1 to 64 bytes of UTF-8, percent-encoded (upper-case hex) for `/ + # % $` and
// control characters (below U+0020, and U+007F to U+009F) only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shared/problem.hpp"
#include "shared/reading.hpp"

namespace solar {

inline constexpr std::size_t kNameMaxBytes = 64;

enum class Channel { Readings, Receipts, Presence, Status, DeadLetters };

struct Topic {
  Origin origin;
  Channel channel{};

  bool operator==(const Topic&) const = default;
};

/// A name as a topic level. A village's broker identity is this string.
[[nodiscard]] std::string encode_level(std::string_view name);

/// The name in a topic level; a level that is not equal to encode_level(name) has none.
[[nodiscard]] std::optional<std::string> decode_level(std::string_view level);

/// Why `name` cannot be a village or a device (empty, over 64 bytes, not UTF-8, with a Unicode noncharacter such as
/// U+FFFE: brokers refuse these in topics); nullopt: it can.
[[nodiscard]] std::optional<Problem> check_name(std::string_view name);

[[nodiscard]] std::string to_string(const Topic& topic);
[[nodiscard]] Result<Topic> parse_topic(std::string_view topic);

/// `$share/<group>/solar/+/+/readings`
[[nodiscard]] std::string shared_readings_filter(std::string_view group);

/// Where a forwarder publishes to itself to learn that nothing more is on its way: `solar-sync/<client id,
/// encoded>/marker`.
[[nodiscard]] std::string marker_topic(std::string_view client_id);

}  // namespace solar
