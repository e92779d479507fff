// The measurements. Each throws std::runtime_error where a program does not do its work.
#pragma once

#include <vector>

#include "tests/bench/parts/figure.hpp"

namespace solar::bench {

/// Relay rate against the null relay's, one after the other in turns.
[[nodiscard]] std::vector<Figure> measure_relay(const Scale& scale);
/// Publish to central's 2xx at 500 readings/s, against the null relay's.
[[nodiscard]] std::vector<Figure> measure_latency(const Scale& scale);
/// A forwarder with a million readings waiting: memory, start, another village's live reading, rate.
[[nodiscard]] std::vector<Figure> measure_full_inbox(const Scale& scale);
/// A publisher with a million readings in its outbox: memory.
[[nodiscard]] std::vector<Figure> measure_full_outbox(const Scale& scale);
/// Bytes on the broker link per backlog reading.
[[nodiscard]] std::vector<Figure> measure_link(const Scale& scale);
/// fsync per reading of a publisher that has one reading at a time, and what it does between them.
[[nodiscard]] std::vector<Figure> measure_quiet_publisher(const Scale& scale);

}  // namespace solar::bench
