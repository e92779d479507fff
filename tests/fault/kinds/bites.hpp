// Whether a fault really bit, by what the programs logged; and the end of a trial on a disk of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fault/kinds/trial.hpp"
#include "tests/support/loop_disk.hpp"

namespace solar::test {

[[nodiscard]] std::string publisher_logs(const Trial& trial);
[[nodiscard]] std::string forwarder_logs(const Trial& trial);

/// How often `text` stands in `log`.
[[nodiscard]] std::size_t times_in(std::string_view log, std::string_view text);

/// A fault that nobody noticed proves nothing: none of the lines stands in the log.
void complain_if_toothless(Trial& trial, std::string_view log, const std::vector<std::string_view>& lines);

/// As `Trial::conclude`; the disk of a bad one is kept, too.
[[nodiscard]] Tally concluded(Trial& trial, LoopDisk& disk);

}  // namespace solar::test
