// A leaf page of a table, as SQLite's "Database File Format" tells it: 0x0D, 2 bytes, the number of cells, 3 bytes, the
// cells' places; a cell is the row's size, its key, a header of types, the values; what does not fit stands on a chain
// of overflow pages. Numbers are big-endian or varints.
#include "shared/queue_scan.hpp"

#include <array>
#include <cstddef>
#include <fstream>
#include <string_view>
#include <vector>

#include "shared/checksum.hpp"
#include "shared/queue_tables.hpp"

namespace solar {

namespace {

constexpr auto kPage = static_cast<std::size_t>(kPageBytes);
constexpr std::size_t kRowMaxBytes = 64 * 1024;
constexpr std::size_t kLocalMax = kPage - 35;
constexpr std::size_t kLocalMin = (kPage - 12) * 32 / 255 - 23;
constexpr std::size_t kColumns = 10;
constexpr char kTableLeaf = 0x0D;

/// Reads on from a place; past the end everything is zero, and `ok` no longer true.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_{bytes} {}

  [[nodiscard]] bool ok() const { return ok_; }

  std::string_view take(std::size_t size) {
    if (size > left_.size()) {
      ok_ = false;
      size = 0;
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::int64_t integer(std::size_t size) {
    std::uint64_t value = 0;
    bool first = true;
    for (const char byte : take(size)) {
      if (first && (byte & 0x80) != 0) value = ~std::uint64_t{0};
      first = false;
      value = value << 8U | static_cast<unsigned char>(byte);
    }
    return static_cast<std::int64_t>(value);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      const std::string_view byte = take(1);
      if (byte.empty()) return 0;
      const auto bits = static_cast<unsigned char>(byte[0]);
      if (i == 8) return value << 8U | bits;
      value = value << 7U | (bits & 0x7FU);
      if ((bits & 0x80U) == 0) return value;
    }
    return value;
  }

  [[nodiscard]] std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
  bool ok_{true};
};

class Pages {
 public:
  explicit Pages(const std::filesystem::path& path) : file_{path, std::ios::binary} {}

  /// From 1 on; empty behind the last.
  std::string page(std::uint64_t number) {
    std::string bytes(kPage, '\0');
    file_.clear();
    file_.seekg(static_cast<std::streamoff>((number - 1) * kPage));
    file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return static_cast<std::size_t>(file_.gcount()) == kPage ? bytes : std::string{};
  }

  /// The part of a row that stands on its own page, and the rest from the chain that begins behind it.
  std::optional<std::string> whole_row(std::string_view from, std::uint64_t size) {
    if (size > kRowMaxBytes) return std::nullopt;
    std::size_t local = size;
    if (size > kLocalMax) {
      const std::size_t fitting = kLocalMin + (size - kLocalMin) % (kPage - 4);
      local = fitting <= kLocalMax ? fitting : kLocalMin;
    }
    Bytes bytes{from};
    std::string row{bytes.take(local)};
    auto next = local < size ? static_cast<std::uint32_t>(bytes.integer(4)) : 0;
    while (bytes.ok() && row.size() < size && next != 0) {
      const std::string overflow = page(next);
      if (overflow.empty()) break;
      next = static_cast<std::uint32_t>(Bytes{overflow}.integer(4));
      row += std::string_view{overflow}.substr(4, size - row.size());
    }
    if (!bytes.ok() || row.size() < size) return std::nullopt;
    return row;
  }

 private:
  std::ifstream file_;
};

/// Of SQLite's types; 8 and 9 are the numbers 0 and 1, from 12 on blobs and, odd, texts.
std::size_t size_of(std::uint64_t type) {
  constexpr std::array<std::size_t, 12> kSizes{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  return type < kSizes.size() ? kSizes.at(type) : (type - 12) / 2;
}

std::optional<ScannedRow> row_of(std::string_view record, std::int64_t seq) {
  Bytes sizes{record};
  const std::uint64_t header_bytes = sizes.varint();
  if (header_bytes > record.size()) return std::nullopt;
  std::array<std::uint64_t, kColumns> types{};
  for (std::uint64_t& type : types) type = sizes.varint();
  if (!sizes.ok() || record.size() - sizes.rest().size() != header_bytes) return std::nullopt;
  Bytes values{record.substr(header_bytes)};
  const auto integer = [&](std::size_t column) {
    const std::uint64_t type = types.at(column);
    return type == 9 ? std::int64_t{1} : values.integer(size_of(type));
  };
  const auto text = [&](std::size_t column) { return std::string{values.take(size_of(types.at(column)))}; };
  for (const std::size_t column : {1U, 2U, 5U, 6U, 7U, 8U}) {
    if (types.at(column) >= 10 || types.at(column) == 7 || types.at(column) == 0) return std::nullopt;
  }
  if (types[0] != 0 || types[3] < 12 || (types[4] != 0 && types[4] < 12) || types[9] < 12) return std::nullopt;
  ScannedRow row;
  row.seq = seq;
  row.token = integer(1);
  row.village = integer(2);
  row.device = text(3);
  if (types[4] != 0) row.id = text(4);
  row.crc = integer(5);
  row.accepted_at_ms = integer(6);
  row.due_at_ms = integer(7);
  row.round = integer(8);
  row.body = text(9);
  if (!values.ok()) return std::nullopt;
  row.is_whole = checksum(row.body) == static_cast<std::uint32_t>(row.crc);
  return row;
}

}  // namespace

void scan_readings(const std::filesystem::path& database, const std::function<void(const ScannedRow&)>& found) {
  Pages pages{database};
  std::string page;
  for (std::uint64_t number = 1; !(page = pages.page(number)).empty(); ++number) {
    if (page[0] != kTableLeaf) continue;
    Bytes head{std::string_view{page}.substr(3)};
    const auto cells = static_cast<std::uint16_t>(head.integer(2));
    head.take(3);
    for (std::size_t cell = 0; cell < cells && head.ok(); ++cell) {
      const auto at = static_cast<std::uint16_t>(head.integer(2));
      if (!head.ok() || at >= kPage) continue;
      Bytes bytes{std::string_view{page}.substr(at)};
      const std::uint64_t size = bytes.varint();
      const auto seq = static_cast<std::int64_t>(bytes.varint());
      const std::optional<std::string> record = pages.whole_row(bytes.rest(), size);
      if (!record) continue;
      if (const auto row = row_of(*record, seq)) found(*row);
    }
  }
}

}  // namespace solar
