// Bits that turn over on the disk, one by one: what they hit is noticed, and the rest is there.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "shared/queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

namespace fs = std::filesystem;

constexpr int kRows = 20;

void flip_bit(const fs::path& path, std::uintmax_t bit) {
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekg(static_cast<std::streamoff>(bit / 8));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(bit / 8));
  file.put(static_cast<char>(byte ^ (1 << (bit % 8))));
}

/// The queue's files as kill -9 leaves them, with kRows readings in so many commits.
void copy_alive(const Room& from, const Room& to) {
  for (const char* suffix : {"", "-wal"}) {
    fs::copy_file(from.database().string() + suffix, to.database().string() + suffix,
                  fs::copy_options::overwrite_existing);
  }
}

void remove_all(const Room& room) {
  for (const auto& entry : fs::directory_iterator{room.database().parent_path()}) fs::remove(entry.path());
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

constexpr std::uintmax_t kFrameBits = (24 + kPageBytes) * 8;

std::uintmax_t frame_at(std::uintmax_t number) { return 32 * 8 + number * kFrameBits; }

std::size_t quarantined(Queue& queue) { return queue.stats(kWall).quarantined; }

}  // namespace

TEST_CASE("a bit anywhere in the log that kill -9 leaves costs at most the reading that it hits") {
  const Room room;
  Queue writer{room.options(1)};
  for (int number = 1; number <= kRows; ++number) accept_one(writer, plain("Bamenda", number));
  const Room copy;
  copy_alive(room, copy);
  const auto bits = fs::file_size(copy.database().string() + "-wal") * 8;

  // High and low bits of words, in all kinds of places; the header's all.
  for (std::uintmax_t bit = 0; bit < bits; bit += bit < 256 ? 7 : 13'331) {
    copy_alive(room, copy);
    flip_bit(copy.database().string() + "-wal", bit);

    {
      Queue queue{copy.options(2)};

      INFO("bit " << bit);
      const std::vector<std::string> whole = all_fresh(queue);
      CHECK(whole.size() + quarantined(queue) == kRows);
      for (const std::string& text : whole) CHECK(std::ranges::count(numbered(1, kRows), text) == 1);
      CHECK(accept_one(queue, plain("Bamenda", kRows + 1)).seq == kRows + 1);
    }
    remove_all(copy);
  }
}

TEST_CASE(
    "bits in a frame's checksum, and in a word that weighs the same, cost nothing that was committed after them") {
  const Room room;
  Queue writer{room.options(1)};
  for (int number = 1; number <= kRows; ++number) accept_one(writer, plain("Bamenda", number));
  const Room copy;
  copy_alive(room, copy);
  const auto frames = (fs::file_size(copy.database().string() + "-wal") * 8 - 32 * 8) / kFrameBits;

  for (std::uintmax_t frame = 5; frame < frames; frame += 41) {
    for (const std::uintmax_t bit :
         {std::uintmax_t{7}, std::uintmax_t{20 * 8 + 7}, std::uintmax_t{23 * 8 + 2}, kFrameBits - 6}) {
      copy_alive(room, copy);
      flip_bit(copy.database().string() + "-wal", frame_at(1) - 1);  // weighs as much as its checksum's highest bit
      flip_bit(copy.database().string() + "-wal", frame_at(frame) + bit);

      {
        Queue queue{copy.options(2)};

        INFO("frame " << frame << " bit " << bit);
        CHECK(all_fresh(queue) == numbered(1, kRows));
      }
      remove_all(copy);
    }
  }
}

TEST_CASE("a death while the log is mended leaves it to be mended again") {
  const Room room;
  Queue writer{room.options(1)};
  for (int number = 1; number <= kRows; ++number) accept_one(writer, plain("Bamenda", number));
  const Room copy;
  copy_alive(room, copy);
  flip_bit(copy.database().string() + "-wal", frame_at(9) + 20 * 8);
  { std::ofstream{copy.file("queue.db-wal.mending")} << "half a log"; }

  Queue queue{copy.options(2)};

  CHECK(all_fresh(queue) == numbered(1, kRows));
  CHECK_FALSE(fs::exists(copy.file("queue.db-wal.mending")));
}

TEST_CASE("a log that cannot be mended is kept once before it is written over") {
  const Room room;
  Queue writer{room.options(1)};
  for (int number = 1; number <= kRows; ++number) accept_one(writer, plain("Bamenda", number));
  const Room copy;
  copy_alive(room, copy);
  const fs::path log = copy.database().string() + "-wal";
  for (const int bit : {400, 1'000, 5'000}) flip_bit(log, frame_at(20) + static_cast<std::uintmax_t>(bit));
  const std::string damaged = bytes_of(log);

  for (const std::uint64_t token : {2U, 3U}) {
    Queue queue{copy.options(token)};
    CHECK(all_fresh(queue).size() < kRows);
    copy_alive(room, copy);
    flip_bit(log, frame_at(1));
    flip_bit(log, frame_at(1) + 500);
    flip_bit(log, frame_at(1) + 5'000);
  }

  CHECK(bytes_of(copy.file("queue.db.damaged-1-wal")) == damaged);
  CHECK_FALSE(fs::exists(copy.file("queue.db.damaged-2-wal")));
}

TEST_CASE("a log that ends in the middle of a commit is opened up to the commit before it") {
  const Room room;
  Queue writer{room.options(1)};
  for (int number = 1; number <= kRows; ++number) accept_one(writer, plain("Bamenda", number));
  const Room copy;
  copy_alive(room, copy);
  const fs::path log = copy.database().string() + "-wal";
  fs::resize_file(log, fs::file_size(log) - 100);

  Queue queue{copy.options(2)};

  CHECK(all_fresh(queue) == numbered(1, kRows - 1));
}

TEST_CASE("a row whose token or device was altered is quarantined, not delivered as another") {
  const Room room;
  {
    Queue queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 4));
    accept_one(queue, with_id("Bamenda", "theirs-5", 5));
    accept_one(queue, with_id("Bamenda", "theirs-6", 6));
  }
  room.alter("UPDATE readings SET device='m!in' WHERE seq=2; UPDATE readings SET token=9 WHERE seq=3");
  room.alter("UPDATE readings SET device='m!in' WHERE seq=5; UPDATE readings SET id='others-6' WHERE seq=6");

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == std::vector<std::string>{body(1), body(4)});
  CHECK(quarantined(queue) == 4);
}

TEST_CASE("a row whose village number or village's name was altered is not delivered under another") {
  const Room room;
  {
    Queue queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 3));
    accept(queue, plains("Kumbo", 4, 3));
  }
  SECTION("number") { room.alter("UPDATE readings SET village=3-village WHERE seq IN (2, 5)"); }
  SECTION("name") { room.alter("UPDATE villages SET name='Oku' WHERE name='Kumbo'"); }

  Queue queue{room.options(2)};

  for (const VillageNumber village : queue.take_news()) {
    for (const TakenRow& row : queue.fresh(village, 0, 9, 999)) {
      CHECK(row.parcel.origin.village == (row.parcel.row.seq <= 3 ? "Bamenda" : "Kumbo"));
    }
  }
  CHECK(quarantined(queue) > 0);
}

TEST_CASE("a village's name in which a bit turned over is put right by its rows' marks") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 4)); }
  room.alter("UPDATE villages SET name='Bamenla'");

  Queue queue{room.options(2)};

  const auto rows = queue.fresh(village_of(queue), 0, 9, 999);
  CHECK(bodies(rows) == numbered(1, 4));
  CHECK(rows.at(0).parcel.origin.village == "Bamenda");
}

TEST_CASE("a bit in the number of the format does not shut the database for ever") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 4)); }
  room.alter(GENERATE("PRAGMA user_version=0", "PRAGMA user_version=3", "PRAGMA user_version=-2147483647"));

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == numbered(1, 4));
}

TEST_CASE("rows written before there were marks are taken") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 4)); }
  room.alter("UPDATE readings SET crc=crc & 0xFFFFFFFF");

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == numbered(1, 4));
}

TEST_CASE("an index that lacks a row is noticed when a small database is opened") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 4)); }
  room.alter(
      "PRAGMA writable_schema=ON;"
      "UPDATE sqlite_schema SET sql=sql || ' WHERE seq<>2' WHERE name='readings_due'");
  room.alter("REINDEX readings_due");
  room.alter(
      "PRAGMA writable_schema=ON;"
      "UPDATE sqlite_schema SET sql=replace(sql, ' WHERE seq<>2', '') WHERE name='readings_due'");

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == numbered(1, 4));
}

TEST_CASE("a column that lost its name is noticed, and its table's rows are saved") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 4)); }
  room.alter(
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql, 'token', 'tokeo') WHERE name='readings'");

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == numbered(1, 4));
}

TEST_CASE("a table that is gone from the schema does not keep the others from being saved") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 4)); }
  room.alter("PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name='aside'");

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == numbered(1, 4));
}

TEST_CASE("readings are found although the page that leads to all of them is damaged") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 500)); }
  std::int64_t root = 0;
  {
    Sqlite database{{.path = room.database()}};
    Statement select = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name='readings'");
    REQUIRE(select.step());
    root = select.integer(0);
  }
  flip_bit(room.database(), static_cast<std::uintmax_t>((root - 1) * kPageBytes * 8));  // no page of a table any more

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue) == numbered(1, 500));
  CHECK(accept_one(queue, plain("Bamenda", 501)).seq == 501);
}

TEST_CASE("rows whose village is no number any more are found, and named by their bodies") {
  const Room room;
  {
    Queue queue{room.options(1)};
    for (const char* body :
         {R"({"village":"Buea","n":1})", R"({"village":"Buea","n":2})", R"({"village":"Buea","n":3})"}) {
      accept_one(queue, {.origin = {"Buea", "main"}, .id = std::nullopt, .body = body, .id_at = std::nullopt});
    }
  }
  room.alter("UPDATE readings SET village='x' WHERE seq=1");
  room.alter("UPDATE readings SET village=1.5 WHERE seq=2");

  Queue queue{room.options(2)};

  CHECK(all_fresh(queue).size() == 3);
  CHECK(quarantined(queue) == 0);
}
