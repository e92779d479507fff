#include "shared/disk.hpp"

#include <unistd.h>

#include <system_error>

namespace solar {

DiskState disk_state(const std::filesystem::path& path) {
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::absolute(path).parent_path(), error);
  return {.free_bytes = error ? 0 : static_cast<std::uint64_t>(space.available),
          .writable = ::access(path.c_str(), W_OK) == 0};
}

}  // namespace solar
