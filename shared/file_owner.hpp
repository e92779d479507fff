// Root beside a service that runs as somebody else.
#pragma once

#include <filesystem>

namespace solar {

/// As root, where the database, or else its folder, belongs to another user: from here on all files that this thread
/// and those it starts make (the database, its log, lock, socket, salvage) belong to that user and group, so that the
/// service can go on with them. Nothing else changes: root still reads what only root may, keys and passwords
/// included. For anybody but root nothing is done. Call before the database is opened and before other threads start.
void make_files_as_owner_of(const std::filesystem::path& database);

}  // namespace solar
