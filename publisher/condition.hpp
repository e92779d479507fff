// How a running publisher is doing, for /readyz and /metrics.
#pragma once

#include <string>

#include "publisher/station.hpp"
#include "shared/queue.hpp"
#include "shared/status_pages.hpp"

namespace solar {

/// Why it accepts no readings now: outbox not writable, or full. A broker that is away is no reason: readings are kept.
/// `refusing`: the source waits for room. Pure.
[[nodiscard]] Reasons not_ready(const Uplink::Snapshot& now, bool refusing);

/// All its metrics (docs/metrics.md). Any thread; takes the queue's lock for a moment. `started`: when `run` began.
[[nodiscard]] std::string metrics_text(Queue& queue, Station& station, Now now, Now started);

}  // namespace solar
