// How a running publisher is doing, for /readyz and /metrics.
#pragma once

#include <string>

#include "publisher/station.hpp"
#include "shared/status_pages.hpp"

namespace solar {

/// Why it accepts no readings now: outbox not writable, or full. A broker that is away is no reason: readings are kept.
/// `refusing`: the source waits for room. Pure.
[[nodiscard]] Reasons not_ready(const Uplink::Snapshot& now, bool refusing);

/// All its metrics (docs/metrics.md). Any thread; waits for nothing. `started`: when `run` began, wall clock.
[[nodiscard]] std::string metrics_text(Station& station, Now now, Millis started);

}  // namespace solar
