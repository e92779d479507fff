// How a running forwarder is doing, for /readyz and /metrics.
#pragma once

#include <string>

#include "forwarder/config.hpp"
#include "forwarder/relay.hpp"
#include "shared/queue.hpp"
#include "shared/status_pages.hpp"

namespace solar {

/// Why it takes no readings now: not subscribed, inbox not writable, inbox full. Pure.
[[nodiscard]] Reasons not_ready(const Relay::Snapshot& now);

/// All its metrics (docs/metrics.md). Any thread; takes the queue's lock for a moment. `started`: when `run` began.
[[nodiscard]] std::string metrics_text(Queue& queue, const Relay& relay, const ForwarderConfig& config, Now now,
                                       Now started);

}  // namespace solar
