#include "shared/queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr Millis kDay{86'400'000};

}  // namespace

TEST_CASE("a refused reading leaves the queue and is kept with the reason") {
  Queue queue{in_memory()};
  const RowId row = accept_one(queue, plain("Bamenda", 1));

  queue.refuse(row, "power_kw is negative", kWall + Millis{5});

  CHECK_FALSE(queue.read(row));
  CHECK(queue.stats(kWall).waiting == 0);
  CHECK(queue.stats(kWall).refused == 1);
  const auto refused = queue.aside(AsideKind::Refused, 0, 9);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].origin == Origin{"Bamenda", "main"});
  CHECK(refused[0].id == to_string(row));
  CHECK(refused[0].body == body(1));
  CHECK(refused[0].reason == "power_kw is negative");
  CHECK(refused[0].at == kWall + Millis{5});
}

TEST_CASE("refusing what is gone is nothing") {
  Queue queue{in_memory()};
  const RowId row = accept_one(queue, plain("Bamenda", 1));
  queue.remove({{row}});

  queue.refuse(row, "no", kWall);
  queue.refuse({1, 7}, "no", kWall);

  CHECK(queue.stats(kWall).refused == 0);
}

TEST_CASE("a refused reading that is retried is due at once under its old id") {
  const Room room;
  RowId row;
  {
    Queue queue{room.options(1)};
    row = accept_one(queue, with_id("Bamenda", "x", 1));
    queue.refuse(row, "no", kWall);
  }
  Queue queue{room.options(2)};
  CHECK(queue.stats(kWall).refused == 1);

  CHECK(queue.retry_refused(queue.aside(AsideKind::Refused, 0, 9).at(0).number));

  const auto due = queue.due(village_of(queue), kWall, nobody, 9);
  REQUIRE(due.size() == 1);
  CHECK(due[0].parcel.row == row);
  CHECK(due[0].parcel.id == "x");
  CHECK(due[0].parcel.body == body(1));
  CHECK(queue.stats(kWall).refused == 0);
  CHECK(queue.stats(kWall).waiting == 1);
  CHECK_FALSE(queue.retry_refused(1));
}

TEST_CASE("a refused reading that its sender has sent again is not stored twice when it is retried") {
  Queue queue{in_memory()};
  queue.refuse(accept_one(queue, with_id("Bamenda", "x", 1)), "no", kWall);
  accept_one(queue, with_id("Bamenda", "x", 1));

  CHECK(queue.retry_refused(1));

  CHECK(queue.stats(kWall).waiting == 1);
  CHECK(queue.stats(kWall).refused == 0);
}

TEST_CASE("a refused reading whose place is taken by another is not lost when it is retried") {
  const Room room;
  {
    Queue queue{room.options(1)};
    queue.refuse(accept_one(queue, plain("Bamenda", 1)), "no", kWall);
  }
  room.alter("UPDATE sqlite_sequence SET seq=0 WHERE name='readings'");
  Queue queue{room.options(2)};
  REQUIRE(accept_one(queue, plain("Bamenda", 2)).seq == 1);

  CHECK_FALSE(queue.retry_refused(1));

  CHECK(queue.stats(kWall).refused == 1);
  CHECK(queue.stats(kWall).waiting == 1);
}

TEST_CASE("refused readings are offered again once a day, at most so many at once") {
  Queue queue{in_memory()};
  const auto appended = accept(queue, plains("Bamenda", 1, 5));
  for (const Appended& one : appended) queue.refuse(one.row, "no", kWall);

  CHECK(queue.offer_refused(kWall, 100) == 0);
  CHECK(queue.offer_refused(kWall + kDay - Millis{1}, 100) == 0);
  CHECK(queue.offer_refused(kWall + kDay, 3) == 3);
  CHECK(queue.stats(kWall).refused == 2);
  CHECK(queue.due(village_of(queue), kWall + kDay, nobody, 9).size() == 3);
  queue.refuse(appended[0].row, "no", kWall + kDay);
  CHECK(queue.offer_refused(kWall + kDay, 100) == 2);
  CHECK(queue.offer_refused(kWall + kDay, 100) == 0);
  CHECK(queue.offer_refused(kWall + 2 * kDay, 100) == 1);
}

TEST_CASE("a clock that jumps back by years does not keep refused readings from being offered") {
  Queue queue{in_memory()};
  queue.refuse(accept_one(queue, plain("Bamenda", 1)), "no", kWall);

  CHECK(queue.offer_refused(kWall - 400 * kDay, 100) == 1);
}

TEST_CASE("of unreadable messages the newest win, by bytes") {
  QueueOptions options = in_memory();
  options.unreadable_max_bytes = 100;
  Queue queue{options};

  for (char letter = 'a'; letter < 'e'; ++letter) bury(queue, std::string(26, letter));

  auto kept = queue.aside(AsideKind::Unreadable, 0, 9);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].body == std::string(26, 'b'));
  CHECK(kept[2].body == std::string(26, 'd'));
  bury(queue, std::string(500, 'z'));
  kept = queue.aside(AsideKind::Unreadable, 0, 9);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].body == std::string(100, 'z'));
  CHECK(queue.stats(kWall).unreadable == 1);
}

TEST_CASE("topics, reasons and content encodings count towards the unreadable bytes too") {
  const Room room;
  QueueOptions options = room.options(1);
  options.unreadable_max_bytes = 10'000;
  {
    Queue queue{options};
    const Unreadable part{.bytes = "", .reason = std::string(500, 'r')};
    for (int i = 0; i < 100; ++i) {
      queue.set_aside_unreadable(std::string(1'000, 't'), std::string(500, 'e'), {&part, 1}, kWall);
    }
    CHECK(queue.stats(kWall).unreadable == 5);
  }
  options.token = 2;
  Queue queue{options};
  bury(queue, std::string(996, 'x'), "");
  CHECK(queue.stats(kWall).unreadable == 5);
}

TEST_CASE("of unreadable messages the newest win, by number") {
  const Room room;
  { const Queue created{room.options(1)}; }
  room.alter("WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" + std::to_string(kUnreadableMaxRows) +
             ") INSERT INTO aside(kind, body, reason, at_ms, offered_at_ms) SELECT 1, '', '', 0, 0 FROM n");
  Queue queue{room.options(2)};

  bury(queue, "");
  bury(queue, "");

  CHECK(queue.stats(kWall).unreadable == kUnreadableMaxRows);
  CHECK(queue.aside(AsideKind::Unreadable, 0, 1).at(0).number == 3);
}

TEST_CASE("of one message's unreadable parts all are kept or none") {
  QueueOptions options = in_memory();
  options.max_bytes = 128 << 10;
  options.unreadable_max_bytes = 1ULL << 30;
  Queue queue{options};
  const std::string too_much(20 << 20, 'x');
  const std::vector<Unreadable> parts{
      {.bytes = "1", .reason = "first"}, {.bytes = "2", .reason = "second"}, {.bytes = too_much, .reason = "third"}};

  CHECK_THROWS_AS(queue.set_aside_unreadable("t", std::nullopt, parts, kWall), SqliteError);

  CHECK(queue.aside(AsideKind::Unreadable, 0, 9).empty());
  CHECK(queue.stats(kWall).unreadable == 0);
  queue.set_aside_unreadable("t", std::nullopt, std::span{parts}.first(2), kWall);
  CHECK(queue.aside(AsideKind::Unreadable, 0, 9).size() == 2);
  CHECK(queue.stats(kWall).unreadable == 2);
}

TEST_CASE("unreadable messages never push out refused ones") {
  QueueOptions options = in_memory();
  options.unreadable_max_bytes = 10;
  Queue queue{options};
  queue.refuse(accept_one(queue, plain("Bamenda", 1)), "no", kWall);

  bury(queue, std::string(50, 'x'));
  bury(queue, std::string(50, 'y'));

  CHECK(queue.aside(AsideKind::Refused, 0, 9).size() == 1);
  CHECK(queue.aside(AsideKind::Unreadable, 0, 9).size() == 1);
}

TEST_CASE("an unreadable message is kept raw, with its topic and encoding") {
  Queue queue{in_memory()};
  const std::string bytes{"\0\xFF{", 3};

  queue.set_aside_unreadable("solar/a/b/readings", "deflate", {{{.bytes = bytes, .reason = "not JSON"}}}, kWall);

  const Aside kept = queue.aside(AsideKind::Unreadable, 0, 9).at(0);
  CHECK(kept.body == bytes);
  CHECK(kept.topic == "solar/a/b/readings");
  CHECK(kept.content_encoding == "deflate");
  CHECK(kept.reason == "not JSON");
  CHECK(kept.id.empty());
}

TEST_CASE("what is aside is listed in pages and dropped by number and kind") {
  Queue queue{in_memory()};
  for (int i = 0; i < 5; ++i) bury(queue, std::to_string(i));

  const auto page = queue.aside(AsideKind::Unreadable, 2, 2);
  REQUIRE(page.size() == 2);
  CHECK(page[0].body == "2");
  CHECK_FALSE(queue.drop_aside(AsideKind::Refused, page[0].number));
  CHECK(queue.drop_aside(AsideKind::Unreadable, page[0].number));
  CHECK_FALSE(queue.drop_aside(AsideKind::Unreadable, page[0].number));
  CHECK(queue.stats(kWall).unreadable == 4);
}

TEST_CASE("refused readings count against the capacity") {
  QueueOptions options = in_memory();
  options.max_bytes = 128 << 10;
  Queue queue{options};
  int taken = 0;

  while (true) {
    const auto result = queue.append(plains("Bamenda", taken, 1), kWall);
    if (std::holds_alternative<QueueFull>(result)) break;
    queue.refuse(std::get<std::vector<Appended>>(result)[0].row, "no", kWall);
    REQUIRE(++taken < 10'000);
  }

  CHECK(queue.stats(kWall).refused == static_cast<std::uint64_t>(taken));
  CHECK(queue.drop_aside(AsideKind::Refused, 1));
}

TEST_CASE("a reading whose number is taken is an error, not a duplicate") {
  const Room room;
  {
    Queue queue{room.options(1)};
    const auto rows = accept(queue, plains("Bamenda", 0, 3));
    queue.refuse(rows[2].row, "wrong", kWall);
    for (const Appended& one : rows) queue.remove({&one.row, 1});
  }
  room.alter("UPDATE sqlite_sequence SET seq=1 WHERE name='readings'");
  Queue queue{room.options(2)};
  REQUIRE(queue.retry_refused(queue.aside(AsideKind::Refused, 0, 1).at(0).number));

  CHECK(accept_one(queue, plain("Bamenda", 4)).seq == 2);
  CHECK_THROWS_AS(accept_one(queue, plain("Bamenda", 5)), SqliteError);
}
