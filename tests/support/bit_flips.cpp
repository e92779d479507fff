#include "tests/support/bit_flips.hpp"

#include <fstream>
#include <map>
#include <set>

#include "shared/sqlite.hpp"
#include "tests/support/process.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

// SQLite's log: a header, then frames of a header and a page each.
constexpr std::uintmax_t kLogHeader = 32;
constexpr std::uintmax_t kFrameHeader = 24;
constexpr auto kPage = static_cast<std::uintmax_t>(kPageBytes);

fs::path log_of(const fs::path& database) { return database.string() + "-wal"; }

/// How many readings each page has, by a copy in which the log is written back. The inner pages of the table, and the
/// first page, have all of them: whoever reads a row goes through them.
std::map<std::uintmax_t, std::size_t> readings_by_page(const fs::path& database) {
  const TemporaryDirectory folder;
  const fs::path copy = folder.path() / "copy.db";
  fs::copy_file(database, copy);
  if (fs::exists(log_of(database))) fs::copy_file(log_of(database), log_of(copy));
  Sqlite opened{{.path = copy}};
  Statement count = opened.prepare("SELECT count(*) FROM readings");
  static_cast<void>(count.step());
  const auto all = static_cast<std::size_t>(count.integer(0));
  std::map<std::uintmax_t, std::size_t> rows{{1, all}};
  Statement pages = opened.prepare("SELECT pageno, pagetype, ncell FROM dbstat WHERE name='readings'");
  while (pages.step()) {
    const std::string type = pages.text(1);
    const auto cells = static_cast<std::size_t>(pages.integer(2));
    rows[static_cast<std::uintmax_t>(pages.integer(0))] = type == "leaf" ? cells : type == "internal" ? all : 1;
  }
  return rows;
}

std::uintmax_t size_of(const fs::path& file) { return fs::exists(file) ? fs::file_size(file) : 0; }

void flip(const fs::path& path, std::uintmax_t byte, int bit) {
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekg(static_cast<std::streamoff>(byte));
  const int old = file.get();
  file.seekp(static_cast<std::streamoff>(byte));
  file.put(static_cast<char>(old ^ (1 << bit)));
}

std::uintmax_t page_of_frame(const fs::path& log, std::uintmax_t frame) {
  std::ifstream file{log, std::ios::binary};
  file.seekg(static_cast<std::streamoff>(kLogHeader + frame * (kFrameHeader + kPage)));
  std::uintmax_t page = 0;
  for (int byte = 0; byte < 4; ++byte) page = page << 8U | static_cast<unsigned char>(file.get());
  return page;
}

}  // namespace

Damage flip_bits(const fs::path& database, std::mt19937_64& random, int bits) {
  const std::map<std::uintmax_t, std::size_t> rows = readings_by_page(database);
  const fs::path log = log_of(database);
  const std::uintmax_t sizes = fs::file_size(database) + size_of(log);
  std::set<std::uintmax_t> hit;
  std::set<std::uintmax_t> frames_hit;
  Damage damage;
  damage.rows = rows.at(1);
  for (int done = 0; done < bits; ++done) {
    std::uintmax_t byte = std::uniform_int_distribution<std::uintmax_t>{0, sizes - 1}(random);
    const int bit = std::uniform_int_distribution<int>{0, 7}(random);
    const bool in_log = byte >= fs::file_size(database);
    if (in_log) byte -= fs::file_size(database);
    std::uintmax_t page = 1 + byte / kPage;
    if (in_log) {
      // Frame 0 is the header here. A log in which one frame was hit twice ends there.
      const std::uintmax_t frame = byte < kLogHeader ? 0 : 1 + (byte - kLogHeader) / (kFrameHeader + kPage);
      if (!frames_hit.insert(frame).second) damage.log_ends = true;
      page = frame == 0 ? 0 : page_of_frame(log, frame - 1);
    }
    hit.insert(page);
    flip(in_log ? log : database, byte, bit);
    damage.what += std::string{in_log ? "log" : "file"} + " page " + std::to_string(page) + " byte " +
                   std::to_string(byte) + " bit " + std::to_string(bit) + "; ";
  }
  for (const std::uintmax_t page : hit) damage.rows_hit += rows.contains(page) ? rows.at(page) : 0;
  return damage;
}

}  // namespace solar::test
