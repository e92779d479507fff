#include <unordered_set>

#include "shared/delivery.hpp"
#include "shared/queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr Millis kDay{86'400'000};

Rest rest_of(const RowId& row, Millis due_at, std::uint32_t round = 1) {
  return {.row = row, .due_at = due_at, .round = round};
}

}  // namespace

TEST_CASE("news are villages, each told once until something new comes") {
  Queue queue{in_memory()};
  accept(queue, {plain("Bamenda", 1), plain("Bamenda", 2), plain("Wum", 3)});

  CHECK(queue.take_news().size() == 2);
  CHECK(queue.take_news().empty());
  accept_one(queue, plain("Wum", 4));
  CHECK(queue.take_news().size() == 1);
}

TEST_CASE("fresh rows come after a seq, of one village, at most so many and so many bytes but always one") {
  Queue queue{in_memory()};
  accept(queue, plains("Bamenda", 10, 3));
  const VillageNumber village = village_of(queue);
  accept(queue, plains("Wum", 20, 1));
  accept(queue, plains("Bamenda", 13, 2));

  CHECK(bodies(queue.fresh(village, 0, 9, 999)) == numbered(10, 5));
  CHECK(bodies(queue.fresh(village, 0, 2, 999)) == numbered(10, 2));
  CHECK(bodies(queue.fresh(village, 2, 9, 999)) == numbered(12, 3));
  CHECK(bodies(queue.fresh(village, 0, 9, 2 * body(10).size())) == numbered(10, 2));
  CHECK(bodies(queue.fresh(village, 0, 9, 1)) == numbered(10, 1));
  CHECK(queue.fresh(village, 0, 0, 999).empty());
  CHECK(queue.fresh(village, 6, 9, 999).empty());
}

TEST_CASE("fresh rows behind many removed ones are found at once") {
  Queue queue{in_memory()};
  const auto appended = accept(queue, plains("Bamenda", 1, 40));
  const VillageNumber village = village_of(queue);
  for (int i = 0; i < 39; ++i) queue.remove({{appended[static_cast<std::size_t>(i)].row}});

  CHECK(bodies(queue.fresh(village, 0, 1, 1)) == numbered(40, 1));
}

TEST_CASE("the newest rows come newest first, removed ones do not count") {
  Queue queue{in_memory()};
  const auto appended = accept(queue, plains("Bamenda", 1, 5));
  queue.remove({{appended[4].row, appended[3].row}});

  CHECK(queue.newest(0, 2) == std::vector<RowId>{appended[2].row, appended[1].row});
  CHECK(queue.newest(2, 9) == std::vector<RowId>{appended[2].row});
}

TEST_CASE("a row at rest is taken when it is due and not before, earliest first") {
  Queue queue{in_memory()};
  const auto appended = accept(queue, plains("Bamenda", 1, 3));
  const VillageNumber village = village_of(queue);
  const std::vector<Rest> rests{rest_of(appended[0].row, kWall + Millis{20}, 2),
                                rest_of(appended[1].row, kWall + Millis{10})};
  queue.rest(rests);

  CHECK(bodies(queue.fresh(village, 0, 9, 999)) == numbered(3, 1));
  CHECK(queue.newest(0, 9) == std::vector<RowId>{appended[2].row});
  CHECK(queue.due(village, kWall + Millis{9}, nobody, 9).empty());
  CHECK(queue.next_due(village, nobody) == kWall + Millis{10});
  CHECK(queue.has_rested(appended[0].row));
  CHECK_FALSE(queue.has_rested(appended[2].row));
  const auto due = queue.due(village, kWall + Millis{20}, nobody, 9);
  CHECK(bodies(due) == std::vector<std::string>{body(2), body(1)});
  CHECK(due[1].round == 2);
  CHECK(queue.due(village, kWall + Millis{20}, nobody, 1).size() == 1);
}

TEST_CASE("what the caller skips is neither due nor next due") {
  Queue queue{in_memory()};
  const auto appended = accept(queue, plains("Bamenda", 1, 2));
  const VillageNumber village = village_of(queue);
  const std::vector<Rest> rests{rest_of(appended[0].row, kWall), rest_of(appended[1].row, kWall + Millis{5})};
  queue.rest(rests);
  const auto first = [](std::int64_t seq) { return seq == 1; };

  CHECK(queue.next_due(village, first) == kWall + Millis{5});
  CHECK(bodies(queue.due(village, kWall + Millis{5}, first, 1)) == numbered(2, 1));
}

TEST_CASE("a due time further off than fifteen minutes counts as due, exactly fifteen does not") {
  Queue queue{in_memory()};
  const RowId row = accept_one(queue, plain("Bamenda", 1));
  const VillageNumber village = village_of(queue);
  const Rest rest = rest_of(row, kWall + kRestMax);
  queue.rest({&rest, 1});

  CHECK(queue.due(village, kWall, nobody, 9).empty());
  CHECK(queue.due(village, kWall - Millis{1}, nobody, 9).size() == 1);
  CHECK(queue.due(village, kWall - 400 * kDay, nobody, 9).size() == 1);
  CHECK(queue.due(village, kWall + 400 * kDay, nobody, 9).size() == 1);
  CHECK(queue.due(village, Millis{0}, nobody, 9).size() == 1);
}

TEST_CASE("a rest of rows that are gone or not ours is nothing") {
  Queue queue{in_memory()};
  const RowId row = accept_one(queue, plain("Bamenda", 1));
  const VillageNumber village = village_of(queue);
  const std::vector<Rest> rests{rest_of({row.token, 9}, kWall), rest_of({1, row.seq}, kWall)};

  queue.rest(rests);

  CHECK(queue.fresh(village, 0, 9, 999).size() == 1);
  CHECK_FALSE(queue.has_rested({1, row.seq}));
  CHECK_FALSE(queue.read({1, row.seq}));
}

TEST_CASE("a body altered behind the queue's back goes to quarantine, raw, and the others go on") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 5)); }
  room.alter("UPDATE readings SET body='{\"power_kw\":9}' WHERE seq IN (1, 2, 4)");
  Queue queue{room.options(2)};
  const VillageNumber village = village_of(queue);

  // With a limit of one the damaged ones must not look like the end.
  CHECK(bodies(queue.fresh(village, 0, 1, 999)) == numbered(3, 1));
  CHECK(bodies(queue.fresh(village, 3, 9, 999)) == numbered(5, 1));

  const auto aside = queue.aside(AsideKind::Quarantined, 0, 9);
  REQUIRE(aside.size() == 3);
  CHECK(aside[0].body == body(9));
  CHECK(aside[0].id == to_string(RowId{1, 1}));
  CHECK(aside[0].origin == Origin{"Bamenda", "main"});
  CHECK(queue.stats(kWall).quarantined == 3);
  CHECK(queue.stats(kWall).waiting == 2);
  CHECK_FALSE(queue.retry_refused(aside[0].number));
}

TEST_CASE("damaged rows are noticed by every way of reading them") {
  const Room room;
  {
    Queue queue{room.options(1)};
    const auto appended = accept(queue, plains("Bamenda", 1, 4));
    const std::vector<Rest> rests{rest_of(appended[2].row, kWall), rest_of(appended[3].row, kWall)};
    queue.rest(rests);
  }
  room.alter("UPDATE readings SET crc=crc+1 WHERE seq IN (1, 2, 3)");
  Queue queue{room.options(2)};
  const VillageNumber village = village_of(queue);

  CHECK_FALSE(queue.read({1, 1}));
  queue.refuse({1, 2}, "no", kWall);
  CHECK(bodies(queue.due(village, kWall, nobody, 9)) == numbered(4, 1));

  CHECK(queue.stats(kWall).quarantined == 3);
  CHECK(queue.stats(kWall).refused == 0);
}

TEST_CASE("a row whose village number was damaged is found by what its body says") {
  const Room room;
  const std::string ours = R"({"village":"Bamenda","power_kw":1})";
  {
    Queue queue{room.options(1)};
    accept(queue, {{.origin = {"Bamenda", "main"}, .id = {}, .body = ours, .id_at = {}},
                   {.origin = {"Bamenda", "main"}, .id = {}, .body = ours, .id_at = {}},
                   {.origin = {"Bamenda", "main"}, .id = {}, .body = "not json", .id_at = {}}});
  }
  room.alter("UPDATE readings SET village=village+256*seq WHERE seq>1");

  Queue queue{room.options(2)};

  std::vector<std::string> villages;
  for (const VillageNumber village : queue.take_news()) {
    for (const TakenRow& row : queue.fresh(village, 0, 9, 999)) villages.push_back(row.parcel.origin.village);
  }
  std::sort(villages.begin(), villages.end());
  CHECK(villages == std::vector<std::string>{"Bamenda", "Bamenda", "unknown-769"});
  CHECK(queue.stats(kWall).waiting == 3);
}

TEST_CASE("rows are found although their village is missing or its counters are wrong") {
  const Room room;
  const std::string ours = R"({"village":"Bamenda","power_kw":1})";
  {
    accept_one(*std::make_unique<Queue>(room.options(1)),
               {.origin = {"Bamenda", "main"}, .id = {}, .body = ours, .id_at = {}});
  }
  room.alter(GENERATE("DELETE FROM villages", "UPDATE villages SET rows=0, bytes=-7", "UPDATE villages SET rows=-1"));

  Queue queue{room.options(2)};

  const auto rows = queue.fresh(village_of(queue), 0, 9, 999);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].parcel.origin.village == "Bamenda");
  CHECK(queue.stats(kWall).waiting == 1);
  CHECK(queue.stats(kWall).waiting_bytes == ours.size());
}
