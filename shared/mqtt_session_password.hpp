// The broker's password, from its file.
#pragma once

#include <cstddef>
#include <string>

#include "shared/problem.hpp"

namespace solar::mqtt_session {

inline constexpr std::size_t kPasswordMaxBytes = 64 * 1024;

/// The file's content without one line end at its end; empty for an empty path. A Problem where others may read it,
/// too.
[[nodiscard]] Result<std::string> read_password(const std::string& path);

}  // namespace solar::mqtt_session
