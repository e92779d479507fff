// The room that a salvage takes on the disk while it runs: gateways and pods are given no more.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

namespace fs = std::filesystem;

constexpr int kRows = 48'000;
constexpr int kRowsAtOnce = 600;

void write_database(const Room& room) {
  Queue queue{room.options(1)};
  for (int number = 0; number < kRows; number += kRowsAtOnce) {
    std::vector<NewReading> readings;
    for (int i = 0; i < kRowsAtOnce; ++i) {
      readings.push_back({.origin = {"Bamenda", "main"},
                          .id = {},
                          .body = R"({"village":"Bamenda","power_kw":)" + std::to_string(number + i) + R"(,"note":")" +
                                  std::string(100, 'x') + "\"}",
                          .id_at = {}});
    }
    accept(queue, readings);
  }
}

/// The largest size that a file has had since this began to look. A thread of its own.
class Watched {
 public:
  explicit Watched(fs::path file) : file_{std::move(file)} {}
  ~Watched() { static_cast<void>(stop()); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  [[nodiscard]] std::uintmax_t stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
    return largest_;
  }

 private:
  void look() {
    while (!stopped_) {
      std::error_code none;
      const auto size = fs::file_size(file_, none);
      if (!none) largest_ = std::max(largest_, size);
      std::this_thread::yield();
    }
  }

  fs::path file_;
  std::atomic<bool> stopped_{};
  std::uintmax_t largest_{};
  std::thread thread_{[this] { look(); }};
};

}  // namespace

TEST_CASE("a salvage takes the room of one more file, wherever the damage is, and a log of at most 4 MiB") {
  const Room room;
  write_database(room);
  const auto size = fs::file_size(room.database());
  REQUIRE(size > (8U << 20U));
  room.overwrite_page(room.pages() / GENERATE(2U, 50U));
  Queue::mark_suspect(room.database());
  Watched log{room.file("queue.db.salvaging-wal")};

  { const Queue queue{room.options(2)}; }

  CHECK(fs::exists(room.file("queue.db.damaged-1")));
  CHECK(log.stop() > 0);
  CHECK(log.stop() <= 4U << 20U);
  CHECK(fs::file_size(room.database()) <= size + size / 20);
}
