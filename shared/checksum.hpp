// The CRC-32 by which every stored reading is checked when it is read again (invariant I8).
#pragma once

#include <cstdint>
#include <string_view>

namespace solar {

/// CRC-32 as in zlib and gzip (polynomial 0xEDB88320).
[[nodiscard]] std::uint32_t checksum(std::string_view bytes);

}  // namespace solar
