// Deflate with zlib's header and checksum (RFC 1950). The only files that know zlib, beside checksum.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "shared/problem.hpp"

namespace solar {

/// `bytes` deflated as small as zlib can.
[[nodiscard]] std::string deflated(std::string_view bytes);

/// What was deflated. A Problem: no such data, cut short, damaged, with bytes after its end, or more than `max_bytes`
/// when inflated. Never holds more than `max_bytes` + 1 of output.
[[nodiscard]] Result<std::string> inflated(std::string_view bytes, std::size_t max_bytes);

}  // namespace solar
