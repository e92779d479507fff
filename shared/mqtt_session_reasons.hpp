// MQTT v5 reason codes in words for people.
#pragma once

#include <string>
#include <string_view>

namespace solar::mqtt_session {

inline constexpr int kFirstFailure = 0x80;  ///< reason codes from here on say that it was not done
inline constexpr int kTakenOver = 0x8E;

/// "not authorized (0x87)"
[[nodiscard]] std::string reason_text(int reason);

/// Paho's words for a connection that did not come about, as words that tell what to look at.
[[nodiscard]] std::string connect_failure_text(std::string_view paho, bool tls);

/// Whether a CONNACK with this reason refuses who we are, not that we come now.
[[nodiscard]] bool refuses_login(int reason);

}  // namespace solar::mqtt_session
