// Files that a service manager hands to a service which may not read the originals.
#pragma once

#include <string>

namespace solar {

/// systemd's `LoadCredential=credentials:/etc/solar-sync/credentials` copies that folder's files, which only root may
/// read, into $CREDENTIALS_DIRECTORY, each as `credentials_<name>`. Where there is such a copy of `path` this is its
/// path, else `path` itself: so one settings file is right for the service and for root at a prompt.
[[nodiscard]] std::string credential_path(const std::string& path);

}  // namespace solar
