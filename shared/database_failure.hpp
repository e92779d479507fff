// The one answer to a database that can no longer be trusted: say so, and end the process; restart is the recovery.
#pragma once

#include <filesystem>

#include "shared/queue.hpp"
#include "shared/sqlite.hpp"

namespace solar {

inline constexpr int kExitTryAgain = 75;  ///< EX_TEMPFAIL of sysexits.h

/// Logs what happened, leaves the note that makes the next opening check and salvage a damaged file, and ends the
/// process without unwinding. Any thread, also from within a message handler: what was not committed is not
/// acknowledged.
[[noreturn]] void end_process(const SqliteError& error, const std::filesystem::path& database);

/// The same for an inbox without room: the broker keeps what is not acknowledged, and the next start drains first.
[[noreturn]] void end_process(const QueueFull& full);

}  // namespace solar
