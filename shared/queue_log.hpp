// The log beside a database, `<database>-wal`, as a process that died leaves it. Internal to queue*.cpp.
#pragma once

#include <filesystem>

namespace solar {

/// SQLite takes its log as ended at the first frame whose checksum is wrong, without a word, and with it goes all that
/// was committed after it. So before it is opened: a frame in which one bit turned over is put right, or taken as it is
/// where the checksums cannot tell which bit it was (its readings have their own CRC); then the database is marked as
/// suspect. A log that is still not whole is logged with what that costs. Nothing is done where there is no log.
/// REQUIRES: nobody has the database open. Throws SqliteError::Broken.
void mend_log(const std::filesystem::path& database);

}  // namespace solar
