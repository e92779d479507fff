// Short timers of the links, and what shows that a fault was felt.
#pragma once

#include <cstddef>

#include "tests/fault/kinds/bites.hpp"
#include "tests/fault/kinds/trial.hpp"

namespace solar::test {

/// Timers with which the death of a link is noticed within three seconds.
[[nodiscard]] inline Flags short_link_timers() {
  return {"--keepalive", "1s", "--connect-timeout", "2s", "--reconnect-max", "1s"};
}

/// How often a publisher or forwarder has been connected to the broker so far.
template <class Program>
[[nodiscard]] std::size_t connections(Program& program) {
  return times_in(program.process().log(), " connected broker=");
}

/// Whether a running publisher or forwarder knows that it has no connection to the broker.
template <class Program>
[[nodiscard]] bool cut_off(const Program& program) {
  return program.status("connected") == "false";
}

/// Attempts of all forwarders to deliver to central that failed so far.
[[nodiscard]] std::size_t failed_posts(const Trial& trial);

/// Waits until all that is not the broker is connected to it. Throws std::runtime_error.
void await_connections(Trial& trial);

}  // namespace solar::test
