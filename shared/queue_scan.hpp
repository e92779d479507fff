// Readings in a damaged file, found page by page. Internal to queue*.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace solar {

/// A row of `readings` as it stands on the disk.
struct ScannedRow {
  std::int64_t seq{};
  std::int64_t token{};
  std::int64_t village{};
  std::string device;
  std::optional<std::string> id;
  std::int64_t crc{};
  std::int64_t accepted_at_ms{};
  std::int64_t due_at_ms{};
  std::int64_t round{};
  std::string body;
  bool is_whole{};  ///< the body fits its CRC
};

/// Looks for readings in every page of a database, whatever has become of the tree above it: also those of pages that
/// SQLite has given up are found, so a reading may be sent again. Rows over 64 KiB are left out.
void scan_readings(const std::filesystem::path& database, const std::function<void(const ScannedRow&)>& found);

}  // namespace solar
