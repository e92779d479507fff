// The publisher's side of the courier: a window of unconfirmed readings, timers, receipts.
#include "tests/support/catch.hpp"
#include "tests/support/courier_world.hpp"

using namespace solar;
using namespace solar::test;

namespace {

using Receipt = std::optional<Answer>;

Receipt silence(const Parcel&) { return std::nullopt; }

}  // namespace

TEST_CASE("at most a window of readings is unconfirmed, a tenth of it reserved for live ones") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 0, 500)};
  world.sink.script = silence;

  world.run_for(kSecond);
  CHECK(world.stats().in_hand == 90);
  CHECK(world.sink.message_sizes() == std::vector<std::size_t>{90});

  world.accept_now(plains("Bamenda", 900, 15));
  world.run_for(kSecond);
  CHECK(world.stats().in_hand == 100);
  CHECK(world.sink.messages == 11);
  CHECK(world.sink.sent.back().parcel.body == body(909));
}

TEST_CASE("the window grows by what is confirmed, up to its limit, and starts over after a reconnect") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 0, 1'500)};

  world.run_for(Millis{150});
  CHECK(world.stats().window == 190);
  world.drain(kMinute);
  CHECK(world.stats().window == 1'000);

  world.courier().pause();
  world.courier().resume(world.now, true);
  CHECK(world.stats().window == 100);
}

TEST_CASE("backlog goes in batches of at most a hundred readings") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 1'000, 1'000)};

  world.drain(kMinute);

  const auto sizes = world.sink.message_sizes();
  CHECK(*std::max_element(sizes.begin(), sizes.end()) == 100);
  CHECK(sizes.size() <= 20);
  CHECK(world.settled.size() == 1'000);
}

TEST_CASE("a batch has at most sixteen kilobytes, but for one large reading alone") {
  std::vector<NewReading> readings;
  for (int i = 0; i < 40; ++i) {
    readings.push_back(plain("Bamenda", i));
    readings.back().body.resize(i == 20 ? 20'000 : 1'024, ' ');
  }
  CourierWorld world{receipts_policy(), in_memory(), readings};

  world.drain(kMinute);

  CHECK(world.sink.message_sizes() == std::vector<std::size_t>{16, 4, 1, 16, 3});
}

TEST_CASE("live readings go first, one a message, and at least one message in five is backlog") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 0, 85)};
  world.sink.free_room = 0;
  world.accept_now(plains("Bamenda", 500, 12));
  world.tick();
  world.sink.free_room = 100;
  world.sink.script = silence;

  world.run_for(kSecond);

  CHECK(world.sink.message_sizes() == std::vector<std::size_t>{1, 1, 1, 1, 85, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(world.sink.sent[0].parcel.body == body(500));
  CHECK(world.sink.sent[4].parcel.body == body(0));
}

TEST_CASE("only the newest hundred that are younger than a minute are live") {
  CourierWorld world{receipts_policy()};
  world.sink.free_room = 0;
  world.accept_now(plains("Bamenda", 0, 150));
  world.run_for(GENERATE(59, 61) * kSecond);
  const bool live = world.age() < kMinute;
  world.sink.free_room = 100;
  world.sink.script = silence;

  world.run_for(Millis{0});

  const auto sizes = world.sink.message_sizes();
  CHECK(sizes[0] == (live ? 1 : 90));
  CHECK(world.sink.sent[0].parcel.body == body(live ? 50 : 0));
  CHECK(world.stats().in_hand == (live ? 100 : 90));
}

TEST_CASE("receipts for readings that were never sent are counted and change nothing") {
  CourierWorld world{receipts_policy()};
  world.sink.free_room = 0;
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;

  world.sink.answer(row, Delivered{});
  world.sink.answer(row, Refused{.why = "?"});
  world.sink.answer({row.token, 99}, Delivered{});
  world.sink.answer({1, row.seq}, Delivered{});
  world.run_for(kSecond);

  CHECK(world.stats().strangers == 4);
  CHECK(world.stats().repeated == 0);
  CHECK(world.waiting() == 1);
  CHECK(world.queue.stats(kWall).refused == 0);
}

TEST_CASE("a receipt that comes twice counts once") {
  CourierWorld world{receipts_policy()};
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;
  world.run_for(kSecond);

  world.sink.answer(row, Delivered{});
  world.run_for(kSecond);

  CHECK(world.settled.size() == 1);
  CHECK(world.stats().repeated == 1);
  CHECK(world.stats().strangers == 0);
}

TEST_CASE("a receipt for what an earlier run may have sent is not strange, and the reading goes again") {
  const Room room;
  const auto rows = [&] {
    Queue before{room.options(1)};
    auto accepted = accept(before, plains("Bamenda", 0, 2));
    before.remove({&accepted[0].row, 1});
    return accepted;
  }();
  CourierWorld world{receipts_policy(), room.options(2)};
  world.sink.free_room = 0;

  world.sink.answer(rows[1].row, Delivered{});
  world.run_for(kSecond);
  CHECK(world.stats().repeated == 1);
  CHECK(world.stats().strangers == 0);

  world.sink.answer(rows[0].row, Delivered{});  // whose it was is forgotten: it may be anybody's
  world.sink.answer({2, rows[1].row.seq + 1}, Delivered{});
  world.run_for(kSecond);
  CHECK(world.stats().repeated == 1);
  CHECK(world.stats().strangers == 2);
  CHECK(world.waiting() == 1);
}

TEST_CASE("while the broker is away nothing is sent and no attempt is spent") {
  CourierWorld world{receipts_policy()};
  world.sink.script = silence;
  const RowId row = world.accept_now({plain("Bamenda", 1)})[0].row;
  world.run_for(kSecond);

  for (int i = 0; i < 5; ++i) {
    world.courier().pause();
    world.run_for(kHour);
    world.courier().resume(world.now, true);
    world.run_for(kSecond);
  }
  CHECK(world.sink.sent.size() == 1);

  world.run_for(59 * kSecond);
  CHECK(world.sink.times_of(row).size() == 2);
}

TEST_CASE("a broker that has forgotten the session gets everything again at once") {
  CourierWorld world{receipts_policy(), in_memory(), plains("Bamenda", 0, 80)};
  world.sink.script = silence;
  world.run_for(kSecond);

  for (int i = 0; i < 3; ++i) {
    world.courier().pause();
    world.run_for(kSecond);
    world.courier().resume(world.now, false);
    world.run_for(kSecond);
  }

  CHECK(world.sink.message_sizes() == std::vector<std::size_t>(4, 80));
  CHECK(world.stats().failed == 0);
  CHECK(world.stats().in_hand == 80);
  CHECK(world.stats().open == 80);
  const std::size_t before = world.sink.sent.size();
  world.run_for(57 * kSecond);
  CHECK(world.sink.sent.size() == before);
  world.run_for(3 * kSecond);
  CHECK(world.sink.sent.size() == before + 80);
}

TEST_CASE("a refused reading is kept aside and offered again a day later") {
  CourierWorld world{receipts_policy()};
  world.sink.script = [](const Parcel&) { return Receipt{refused()}; };
  world.accept_now({plain("Bamenda", 1)});
  world.run_for(kSecond);
  CHECK(world.waiting() == 0);
  REQUIRE(world.queue.stats(kWall).refused == 1);

  world.run_for(24 * kHour);
  world.sink.script = [](const Parcel&) { return Receipt{delivered()}; };
  CHECK(world.queue.offer_refused(world.now.wall, 100) == 1);
  world.run_for(kSecond);

  CHECK(world.waiting() == 0);
  CHECK(world.stats().delivered == 1);
  CHECK(world.queue.stats(kWall).refused == 0);
}

TEST_CASE("readings of an earlier name of the gateway go under that name, in messages of their own") {
  std::vector<NewReading> mixed;
  for (int i = 0; i < 6; ++i) mixed.push_back(plain("Bamenda", i));
  mixed[2].origin.device = mixed[3].origin.device = "roof";
  CourierWorld world{receipts_policy(), in_memory(), mixed};
  world.accept_now(plains("Wum", 0, 1));

  world.drain(kMinute);

  CHECK(world.sink.message_sizes() == std::vector<std::size_t>{1, 2, 2, 2});
}
