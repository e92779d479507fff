#include "shared/database_failure.hpp"

#include <unistd.h>

#include "shared/log.hpp"

namespace solar {

void end_process(const SqliteError& error, const std::filesystem::path& database) {
  const bool corrupt = error.kind() == SqliteError::Kind::Corrupt;
  if (corrupt) Queue::mark_suspect(database);
  log::error(corrupt ? "the database is damaged; ending, the next start checks and salvages it"
                     : "the database failed; ending, nothing unwritten was acknowledged; check disk and permissions",
             {{"file", database.string()}, {"error", error.what()}});
  ::_exit(kExitTryAgain);
}

void end_process(const QueueFull& full) {
  log::error("inbox full, ending without acknowledging; the broker keeps what it has, the next start drains first",
             {{"why", full.why}});
  ::_exit(kExitTryAgain);
}

}  // namespace solar
