// Passwords, tokens and keys: files that not everybody on the machine may read.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "shared/problem.hpp"

namespace solar {

/// Why a file with this mode is no place for a secret; nullopt: it is one. The group may read: Kubernetes mounts
/// secrets with mode 0440 for a pod's own group. `what` names the file for people: "the password file /etc/password".
[[nodiscard]] std::optional<std::string> exposure(const std::string& what, mode_t mode);

/// At most `max_bytes` of a regular file, as they are; never waits, as opening a FIFO would. The Problem's `what` is
/// one line that never shows the content.
[[nodiscard]] Result<std::string> read_plain(const std::string& what, const std::string& path, std::size_t max_bytes);

/// The same of a file that is no place for a secret while it has an `exposure`.
[[nodiscard]] Result<std::string> read_secret(const std::string& what, const std::string& path, std::size_t max_bytes);

}  // namespace solar
