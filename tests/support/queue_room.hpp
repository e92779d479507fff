// Queues for unit tests: in memory or in a folder that goes with the test, and builders for what goes in.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/queue.hpp"
#include "shared/sqlite.hpp"

namespace solar::test {

inline constexpr Millis kWall{1'770'000'000'000};  ///< 2026-02-02

/// A folder that is gone with everything in it when the test ends.
class Room {
 public:
  Room() {
    // A file system in memory: what is tested is the death of a process, not of a disk.
    std::string name = (base() / "solar-unit-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    folder_ = name;
  }
  ~Room() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  [[nodiscard]] std::filesystem::path database() const { return folder_ / "queue.db"; }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }

  /// A database in this folder; every opening should have a token of its own.
  [[nodiscard]] QueueOptions options(std::uint64_t token) const {
    QueueOptions options;
    options.path = database();
    options.synchronous_full = false;
    options.disk_reserve_bytes = 0;
    options.token = token;
    return options;
  }

  static constexpr std::uintmax_t kPageBytes = 1'024;

  [[nodiscard]] std::uintmax_t pages() const { return std::filesystem::file_size(database()) / kPageBytes; }
  /// Fills a page of the database with garbage.
  void overwrite_page(std::uintmax_t page) const {
    std::fstream file{database(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(page * kPageBytes));
    const std::string garbage(kPageBytes, '\xA5');
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  /// Plays a bit flip: changes the database behind the queue's back. REQUIRES: nobody has it open.
  void alter(const std::string& sql) const {
    Sqlite database{{.path = this->database(), .synchronous_full = false}};
    database.execute(sql);
  }

 private:
  static std::filesystem::path base() {
    return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
  }

  std::filesystem::path folder_;
};

inline QueueOptions in_memory() {
  QueueOptions options;
  options.path = ":memory:";
  options.token = 0xA11CE;
  return options;
}

inline std::string body(int number) { return R"({"power_kw":)" + std::to_string(number) + "}"; }

/// A reading as a forwarder stores it, without a sender's id.
inline NewReading plain(const std::string& village, int number) {
  return {.origin = {village, "main"}, .id = std::nullopt, .body = body(number), .id_at = std::nullopt};
}

inline NewReading with_id(const std::string& village, const std::string& id, int number) {
  return {.origin = {village, "main"}, .id = id, .body = body(number), .id_at = std::nullopt};
}

inline std::vector<NewReading> plains(const std::string& village, int from, int count) {
  std::vector<NewReading> readings;
  for (int number = from; number < from + count; ++number) readings.push_back(plain(village, number));
  return readings;
}

/// Appends what must be accepted.
inline std::vector<Appended> accept(Queue& queue, const std::vector<NewReading>& readings, Millis wall = kWall) {
  auto result = queue.append(readings, wall);
  if (const auto* full = std::get_if<QueueFull>(&result)) throw std::runtime_error{"queue full: " + full->why};
  return std::get<std::vector<Appended>>(std::move(result));
}

inline RowId accept_one(Queue& queue, const NewReading& reading, Millis wall = kWall) {
  return accept(queue, std::vector<NewReading>{reading}, wall).front().row;
}

/// The only village's number, or the newest one's. Takes the news.
inline VillageNumber village_of(Queue& queue) { return queue.take_news().at(0); }

/// Sets aside what is no reading.
inline void bury(Queue& queue, std::string_view bytes, const std::string& topic = "t") {
  const Unreadable part{.bytes = bytes, .reason = "why"};
  queue.set_aside_unreadable(topic, std::nullopt, {&part, 1}, kWall);
}

inline bool nobody(std::int64_t) { return false; }

inline std::vector<std::string> bodies(const std::vector<TakenRow>& rows) {
  std::vector<std::string> all;
  for (const TakenRow& row : rows) all.push_back(row.parcel.body);
  return all;
}

/// The bodies of all fresh rows of all villages that have news.
inline std::vector<std::string> all_fresh(Queue& queue) {
  std::vector<std::string> all;
  for (const VillageNumber village : queue.take_news()) {
    std::int64_t after = 0;
    for (auto rows = queue.fresh(village, after, 100, 1 << 20); !rows.empty();
         rows = queue.fresh(village, after, 100, 1 << 20)) {
      after = rows.back().parcel.row.seq;
      for (const TakenRow& row : rows) all.push_back(row.parcel.body);
    }
  }
  return all;
}

inline std::vector<std::string> numbered(int from, int count) {
  std::vector<std::string> all;
  for (int number = from; number < from + count; ++number) all.push_back(body(number));
  return all;
}

}  // namespace solar::test
