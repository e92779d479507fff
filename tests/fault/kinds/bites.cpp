#include "tests/fault/kinds/bites.hpp"

#include <algorithm>

namespace solar::test {

std::string publisher_logs(const Trial& trial) {
  std::string logs;
  for (const Publisher& publisher : trial.publishers) logs += read_file(publisher.folder() / "publisher.log");
  return logs;
}

std::string forwarder_logs(const Trial& trial) {
  std::string logs;
  for (const Forwarder& forwarder : trial.forwarders) logs += read_file(forwarder.folder() / "forwarder.log");
  return logs;
}

std::size_t times_in(std::string_view log, std::string_view text) {
  std::size_t times = 0;
  for (std::size_t at = log.find(text); at != std::string_view::npos; at = log.find(text, at + text.size())) ++times;
  return times;
}

void complain_if_toothless(Trial& trial, std::string_view log, const std::vector<std::string_view>& lines) {
  const bool bit = std::ranges::any_of(lines, [&](std::string_view line) { return times_in(log, line) > 0; });
  if (!bit) trial.complain("the fault was noticed by nobody: no log says \"" + std::string{lines.front()} + "\"");
}

Tally concluded(Trial& trial, LoopDisk& disk) {
  Tally tally = trial.conclude();
  if (!tally.good()) disk.keep();
  return tally;
}

}  // namespace solar::test
