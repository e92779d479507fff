#include "shared/queue.hpp"

#include <fstream>
#include <limits>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

bool is_full(const std::variant<std::vector<Appended>, QueueFull>& result) {
  return std::holds_alternative<QueueFull>(result);
}

/// Appends until the queue refuses; tells how many it took.
int fill(Queue& queue) {
  int taken = 0;
  while (!is_full(queue.append(plains("Bamenda", taken, 1), kWall))) ++taken;
  return taken;
}

QueueOptions small() {
  QueueOptions options = in_memory();
  options.max_bytes = 64 << 10;
  return options;
}

std::vector<RowId> rows_of(const std::vector<Appended>& appended) {
  std::vector<RowId> rows;
  for (const Appended& one : appended) rows.push_back(one.row);
  return rows;
}

}  // namespace

TEST_CASE("an empty queue has nothing to say") {
  Queue queue{in_memory()};

  CHECK(queue.take_news().empty());
  CHECK(queue.last_seq() == 0);
  CHECK(queue.stats(kWall).waiting == 0);
  CHECK(queue.stats(kWall).oldest_accepted_at == std::nullopt);
  CHECK(accept(queue, std::vector<NewReading>{}).empty());
}

TEST_CASE("rows come back in order, byte for byte, with their origin and id") {
  Queue queue{in_memory()};
  const std::string odd{"{\"power_kw\": 1.0e0,\t\"\\u00e9\":\"\0\xC3\xA9\"}", 35};

  const auto appended = accept(queue, {{.origin = {"Bafoussam/1", "roof"}, .id = "a:1", .body = odd, .id_at = {}},
                                       {.origin = {"Bafoussam/1", "roof"}, .id = {}, .body = body(2), .id_at = {}}});

  const auto rows = queue.fresh(village_of(queue), 0, 10, 1'000);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].parcel.body == odd);
  CHECK(rows[0].parcel.origin == Origin{"Bafoussam/1", "roof"});
  CHECK(rows[0].parcel.id == "a:1");
  CHECK(rows[0].parcel.row == appended[0].row);
  CHECK(rows[0].accepted_at == kWall);
  CHECK(rows[1].parcel.id == std::nullopt);
  CHECK(rows[1].parcel.row == RowId{0xA11CE, 2});
}

TEST_CASE("the row's id is written into the body where the reading asks for it") {
  Queue queue{in_memory()};

  const RowId row =
      accept_one(queue, {.origin = {"Bamenda", "main"}, .id = {}, .body = R"({"id":"","power_kw":1})", .id_at = 7});

  CHECK(queue.read(row)->parcel.body == R"({"id":"00000000000a11ce-1","power_kw":1})");
}

TEST_CASE("the same reading twice is stored once, another body under the same id is another reading") {
  Queue queue{in_memory()};
  const RowId first = accept_one(queue, with_id("Bamenda", "x", 1));

  const auto again = accept(queue, {with_id("Bamenda", "x", 1), with_id("Bamenda", "x", 2), with_id("Wum", "x", 1),
                                    with_id("Bamenda", "y", 1), with_id("Bamenda", "y", 1)});

  CHECK(again[0] == Appended{.row = {}, .duplicate = true});
  CHECK(again[1] == Appended{.row = {first.token, 2}, .duplicate = false});
  CHECK(again[2] == Appended{.row = {first.token, 3}, .duplicate = false});
  CHECK(again[3] == Appended{.row = {first.token, 4}, .duplicate = false});
  CHECK(again[4].duplicate);
  CHECK(queue.stats(kWall).waiting == 4);
  CHECK(queue.last_seq() == 4);
}

TEST_CASE("readings without an id are never duplicates") {
  Queue queue{in_memory()};

  const auto appended = accept(queue, {plain("Bamenda", 1), plain("Bamenda", 1)});

  CHECK_FALSE(appended[1].duplicate);
  CHECK(queue.stats(kWall).waiting == 2);
}

TEST_CASE("a reading that comes again after its delivery is stored again, so that its sender gets a receipt") {
  Queue queue{in_memory()};
  const RowId row = accept_one(queue, with_id("Bamenda", "x", 1));
  queue.remove({{row}});

  const auto again = accept(queue, {with_id("Bamenda", "x", 1)});

  CHECK_FALSE(again[0].duplicate);
  CHECK(queue.stats(kWall).waiting == 1);
  CHECK_FALSE(queue.settled({"Bamenda", "main"}, "x"));
}

TEST_CASE("an id is settled only when all rows of it are") {
  Queue queue{in_memory()};
  const Origin origin{"Bamenda", "main"};
  CHECK(queue.settled(origin, "x"));
  const RowId first = accept_one(queue, with_id("Bamenda", "x", 1));
  const RowId second = accept_one(queue, with_id("Bamenda", "x", 2));

  queue.remove({{first}});
  CHECK_FALSE(queue.settled(origin, "x"));
  CHECK(queue.settled({"Bamenda", "roof"}, "x"));
  queue.remove({{second}});
  CHECK(queue.settled(origin, "x"));
}

TEST_CASE("a full queue refuses and overwrites nothing, and removals make room") {
  Queue queue{small()};
  const int taken = fill(queue);
  REQUIRE(taken > 200);
  CHECK(queue.used_fraction() > 0.95);
  CHECK(queue.used_fraction() <= 1);
  CHECK(is_full(queue.append(plains("Wum", 0, 1), kWall)));

  CHECK(all_fresh(queue) == numbered(0, taken));
  queue.remove({{RowId{0xA11CE, 1}}});
  CHECK(queue.stats(kWall).waiting == static_cast<std::uint64_t>(taken) - 1);
  for (int seq = 2; seq <= 150; ++seq) queue.remove({{RowId{0xA11CE, seq}}});
  queue.flush_removals();

  CHECK(accept_one(queue, plain("Bamenda", 1)).seq == taken + 1);
}

TEST_CASE("removals that still wait make room for the next append") {
  Queue queue{small()};
  fill(queue);

  for (int seq = 1; seq <= 150; ++seq) queue.remove({{RowId{0xA11CE, seq}}});

  CHECK_FALSE(is_full(queue.append(plains("Bamenda", 0, 1), kWall)));
}

TEST_CASE("a batch that does not fit is refused as a whole") {
  Queue queue{small()};

  CHECK(is_full(queue.append(plains("Bamenda", 0, 3'000), kWall)));

  CHECK(queue.stats(kWall).waiting == 0);
  CHECK(queue.take_news().empty());
  CHECK(accept_one(queue, plain("Bamenda", 1)).seq == 1);
}

TEST_CASE("a disk that is full but for its reserve refuses readings and takes removals") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 2)); }
  QueueOptions options = room.options(2);
  options.disk_reserve_bytes = 1ULL << 60;
  Queue queue{options};

  CHECK(is_full(queue.append(plains("Bamenda", 3, 1), kWall)));
  queue.remove({{RowId{1, 1}}});
  queue.flush_removals();
  const Rest rest{.row = {1, 2}, .due_at = kWall, .round = 1};
  queue.rest({&rest, 1});

  CHECK(bodies(queue.due(village_of(queue), kWall, nobody, 9)) == numbered(2, 1));
}

TEST_CASE("a reserve larger than any disk does not wrap around") {
  const Room room;
  QueueOptions options = room.options(2);
  options.disk_reserve_bytes = std::numeric_limits<std::uint64_t>::max();
  Queue queue{options};

  CHECK(is_full(queue.append(plains("Bamenda", 3, 1), kWall)));
}

TEST_CASE("behind all checks the file itself has a limit, and reaching it changes nothing") {
  QueueOptions options = small();
  options.unreadable_max_bytes = 1ULL << 30;
  Queue queue{options};
  const RowId row = accept_one(queue, plain("Bamenda", 1));

  try {
    bury(queue, std::string(20 << 20, 'x'));
    FAIL("the file grew beyond its limit");
  } catch (const SqliteError& error) {
    CHECK(error.kind() == SqliteError::Kind::Full);
  }

  CHECK(queue.stats(kWall).unreadable == 0);
  CHECK(queue.read(row));
  queue.remove({{row}});
  queue.flush_removals();
  CHECK(accept_one(queue, plain("Bamenda", 2)).seq == 2);
}

TEST_CASE("removed rows are gone at once for every question") {
  Queue queue{in_memory()};
  const auto rows = rows_of(accept(queue, plains("Bamenda", 1, 3)));
  const VillageNumber village = village_of(queue);
  const std::vector<Rest> rests{{.row = rows[0], .due_at = kWall, .round = 1}};
  queue.rest(rests);

  queue.remove({{rows[0], rows[1]}});

  CHECK(bodies(queue.fresh(village, 0, 9, 999)) == numbered(3, 1));
  CHECK(queue.due(village, kWall, nobody, 9).empty());
  CHECK(queue.next_due(village, nobody) == std::nullopt);
  CHECK_FALSE(queue.read(rows[0]));
  CHECK_FALSE(queue.has_rested(rows[0]));
  CHECK(queue.newest(0, 9) == std::vector<RowId>{rows[2]});
  CHECK(queue.stats(kWall).waiting == 1);
}

TEST_CASE("removing what is not there, or twice, is nothing") {
  Queue queue{in_memory()};
  const RowId row = accept_one(queue, plain("Bamenda", 1));

  queue.remove({{RowId{1, 99}, RowId{row.token, 77}}});
  queue.flush_removals();
  CHECK(queue.stats(kWall).waiting == 1);

  queue.remove({{row, row}});
  queue.flush_removals();
  queue.remove({{row}});
  queue.flush_removals();
  CHECK(queue.stats(kWall).waiting == 0);
  CHECK(queue.stats(kWall).waiting_bytes == 0);
}

TEST_CASE("the statistics count what waits") {
  Queue queue{in_memory()};
  accept(queue, plains("Bamenda", 10, 3), kWall);
  accept(queue, plains("Wum", 10, 2), kWall + Millis{43'200'000});

  const QueueStats stats = queue.stats(kWall + Millis{86'400'000});

  CHECK(stats.waiting == 5);
  CHECK(stats.waiting_bytes == 5 * body(10).size());
  CHECK(stats.oldest_accepted_at == kWall);
  CHECK(stats.readings_per_day == 3 + 4);
  CHECK(queue.village_fraction("Bamenda") == 3 * (160.0 + 15) / (512 << 20));
  CHECK(queue.village_fraction("Nowhere") == 0);
}

TEST_CASE("bits kept with the data stay the same until they are renewed") {
  const Room room;
  {
    Queue queue{room.options(1)};
    CHECK(queue.kept_bits(0xFFFF'FFFF'FFFF'FFF1) == 0xFFFF'FFFF'FFFF'FFF1);
    CHECK(queue.kept_bits(2) == 0xFFFF'FFFF'FFFF'FFF1);
  }
  Queue queue{room.options(2)};

  CHECK(queue.kept_bits(3) == 0xFFFF'FFFF'FFFF'FFF1);
  CHECK(queue.kept_bits(4, true) == 4);
  CHECK(queue.kept_bits(5) == 4);
}
