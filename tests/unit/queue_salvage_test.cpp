#include <algorithm>
#include <fstream>
#include <functional>

#include "shared/queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

namespace fs = std::filesystem;

constexpr int kRows = 600;

std::vector<NewReading> long_readings() {
  std::vector<NewReading> readings;
  for (int number = 0; number < kRows; ++number) {
    readings.push_back({.origin = {"Bamenda", "main"},
                        .id = {},
                        .body = R"({"village":"Bamenda","power_kw":)" + std::to_string(number) + R"(,"note":")" +
                                std::string(100, 'x') + "\"}",
                        .id_at = {}});
  }
  return readings;
}

/// A database of kRows readings, closed.
void write_database(const Room& room) {
  Queue queue{room.options(1)};
  accept(queue, long_readings());
}

bool is_marked(const Room& room) { return fs::exists(room.file("queue.db.suspect")); }
bool is_set_aside(const Room& room) { return fs::exists(room.file("queue.db.damaged-1")); }

/// The kind of error that reading all fresh rows ends with.
std::optional<SqliteError::Kind> failure_of_reading(Queue& queue) {
  try {
    static_cast<void>(all_fresh(queue));
    return std::nullopt;
  } catch (const SqliteError& error) {
    return error.kind();
  }
}

}  // namespace

TEST_CASE("a file that is no database is set aside and a new one begun") {
  const Room room;
  { std::ofstream{room.database()} << std::string(10'000, '#'); }

  Queue queue{room.options(1)};

  CHECK(queue.stats(kWall).waiting == 0);
  CHECK(accept_one(queue, plain("Bamenda", 1)).seq == 1);
  CHECK(fs::file_size(room.file("queue.db.damaged-1")) == 10'000);
}

TEST_CASE("garbage in the middle is noticed, and after a note the next opening saves all but the damaged page") {
  const Room room;
  write_database(room);
  room.overwrite_page(room.pages() / 2);
  {
    QueueOptions options = room.options(2);
    options.check_at_open_bytes = 0;  // as for a large file
    Queue queue{options};
    CHECK(failure_of_reading(queue) == SqliteError::Kind::Corrupt);
  }
  CHECK_FALSE(is_set_aside(room));
  Queue::mark_suspect(room.database());

  Queue queue{room.options(3)};

  const auto saved = all_fresh(queue).size();
  CHECK(saved >= kRows - 20);
  CHECK(saved < kRows);
  CHECK(queue.stats(kWall).waiting == saved);
  CHECK(is_set_aside(room));
  CHECK_FALSE(is_marked(room));
  CHECK(accept_one(queue, plain("Bamenda", 1)) == RowId{3, kRows + 1});
}

TEST_CASE("rows between two damaged pages are saved") {
  const Room room;
  write_database(room);
  room.overwrite_page(room.pages() / 4);
  room.overwrite_page(room.pages() / 4 * 3);
  Queue::mark_suspect(room.database());

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue).size() >= kRows - 40);
}

TEST_CASE("a truncated file gives back the rows on the pages that are left") {
  const Room room;
  write_database(room);
  fs::resize_file(room.database(), fs::file_size(room.database()) / 2);
  Queue::mark_suspect(room.database());

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue).size() >= kRows / 3);
  CHECK(is_set_aside(room));
  CHECK(accept_one(queue, plain("Bamenda", 1)).seq == kRows + 1);
}

TEST_CASE("a suspect file that is whole stays") {
  const Room room;
  write_database(room);
  Queue::mark_suspect(room.database());
  CHECK(is_marked(room));

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue).size() == kRows);
  CHECK_FALSE(is_set_aside(room));
  CHECK_FALSE(is_marked(room));
}

TEST_CASE("a file without its villages is salvaged, and the bodies say where its readings come from") {
  const Room room;
  write_database(room);
  room.overwrite_page(1);

  Queue queue{room.options(2)};

  CHECK(is_set_aside(room));
  const auto rows = queue.fresh(village_of(queue), 0, 1, 999);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].parcel.origin == Origin{"Bamenda", "main"});
  CHECK(queue.stats(kWall).waiting == kRows);
}

TEST_CASE("what is aside survives a salvage, and seq never goes back over it") {
  const Room room;
  {
    Queue queue{room.options(1)};
    accept(queue, long_readings());
    queue.refuse({1, kRows}, "no", kWall);
    bury(queue, "?");
    for (int seq = 550; seq < kRows; ++seq) queue.remove({{RowId{1, seq}}});
  }
  room.overwrite_page(room.pages() / 2);
  Queue::mark_suspect(room.database());

  Queue queue{room.options(2)};

  CHECK(queue.aside(AsideKind::Unreadable, 0, 9).size() == 1);
  CHECK(accept_one(queue, plain("Bamenda", 1)).seq == kRows + 1);
  CHECK(queue.retry_refused(1));
  CHECK(queue.read({1, kRows}));
}

TEST_CASE("seq does not go back in a salvage of a file that was empty") {
  const Room room;
  {
    Queue queue{room.options(1)};
    accept(queue, plains("Bamenda", 0, 50));
    for (int seq = 1; seq <= 50; ++seq) queue.remove({{RowId{1, seq}}});
  }
  room.overwrite_page(1);
  Queue::mark_suspect(room.database());

  Queue queue{room.options(2)};

  CHECK(is_set_aside(room));
  CHECK(accept_one(queue, plain("Bamenda", 1)).seq == 51);
}

TEST_CASE("every damaged file is kept under a name of its own") {
  const Room room;
  for (int i = 1; i <= 3; ++i) {
    { std::ofstream{room.database()} << std::string(10'000, '#'); }
    const Queue queue{room.options(1)};
    CHECK(fs::exists(room.file("queue.db.damaged-" + std::to_string(i))));
  }
}

TEST_CASE("a death while the salvaged file takes the damaged one's place loses nothing") {
  const Room room;
  write_database(room);
  const std::string damaged = GENERATE("", "file", "file and log", "log");
  fs::rename(room.database(), room.file("queue.db.salvaged"));
  if (damaged == "file" || damaged == "file and log") std::ofstream{room.database()} << "not whole";
  if (damaged == "log" || damaged == "file and log") std::ofstream{room.file("queue.db-wal")} << "old log";
  { std::ofstream{room.file("queue.db.salvaging")} << "left over"; }
  Queue::mark_suspect(room.database());

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue).size() == kRows);
  CHECK_FALSE(fs::exists(room.file("queue.db.salvaged")));
  CHECK(is_set_aside(room) == damaged.starts_with("file"));
}
