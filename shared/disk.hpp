// Whether a database's file can grow.
#pragma once

#include <cstdint>
#include <filesystem>

namespace solar {

struct DiskState {
  std::uint64_t free_bytes{};  ///< to this user; 0 where the disk does not say
  bool writable{};  ///< the file may be written: neither its rights nor a file system gone read-only forbid it
};

/// Of the disk that holds the file at `path`. Does not wait for the disk.
[[nodiscard]] DiskState disk_state(const std::filesystem::path& path);

}  // namespace solar
