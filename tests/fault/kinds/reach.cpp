#include "tests/fault/kinds/reach.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace solar::test {

std::size_t failed_posts(const Trial& trial) {
  std::size_t failed = 0;
  for (const Forwarder& forwarder : trial.forwarders) {
    failed += std::strtoull(forwarder.status("failed_attempts").c_str(), nullptr, 10);
  }
  return failed;
}

void await_connections(Trial& trial) {
  const auto connected = [](const auto& program) { return program.status("connected") == "true"; };
  const auto all_connected = [&] {
    return std::ranges::all_of(trial.forwarders, connected) && std::ranges::all_of(trial.publishers, connected);
  };
  if (!eventually(all_connected, kPatience, std::chrono::milliseconds{50})) {
    throw std::runtime_error{"somebody never connects to the broker"};
  }
}

}  // namespace solar::test
