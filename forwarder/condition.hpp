// How a running forwarder is doing, for /readyz and /metrics.
#pragma once

#include <string>

#include "forwarder/config.hpp"
#include "forwarder/relay.hpp"
#include "shared/status_pages.hpp"

namespace solar {

/// Why it takes no readings now: not subscribed, inbox not writable, inbox full. Pure.
[[nodiscard]] Reasons not_ready(const Relay::Snapshot& now);

/// All its metrics (docs/metrics.md). Any thread; waits for nothing. `started`: when `run` began, wall clock.
[[nodiscard]] std::string metrics_text(const Relay& relay, const ForwarderConfig& config, Now now, Millis started);

}  // namespace solar
