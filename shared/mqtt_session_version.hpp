// Which Paho this is.
#pragma once

#include <string>
#include <string_view>

namespace solar::mqtt_session {

/// Whether Paho C of this version acknowledges after the message handler, not before: 1.3.10 or later.
[[nodiscard]] bool acknowledges_after_handler(std::string_view version);

/// The version of the Paho C library that runs; empty if it does not say.
[[nodiscard]] std::string paho_version();

}  // namespace solar::mqtt_session
