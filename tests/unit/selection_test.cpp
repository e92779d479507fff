#include "shared/selection.hpp"

#include <algorithm>
#include <set>

#include "shared/delivery.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

bool everyone(VillageNumber) { return true; }

/// Round robin over a queue; what it hands out stays in hand until it is let go.
class Dealer {
 public:
  Queue queue{in_memory()};
  Now now{.steady = Millis{1'000}, .wall = kWall};
  std::set<std::int64_t> in_hand;
  RoundRobin villages;

  std::optional<TakenRow> next(const RoundRobin::MayTake& may_take = everyone) {
    auto row = villages.next(queue, now, may_take, [this](std::int64_t seq) { return in_hand.contains(seq); });
    if (row) in_hand.insert(row->parcel.row.seq);
    return row;
  }
  /// The first letters of the villages of the next `count` rows; "-" where there is none.
  std::string deal(int count) {
    std::string villages_dealt;
    for (int i = 0; i < count; ++i) {
      const auto row = next();
      villages_dealt += row ? row->parcel.origin.village.substr(0, 1) : "-";
    }
    return villages_dealt;
  }
  std::vector<std::string> deal_bodies() {
    std::vector<std::string> all;
    while (const auto row = next()) all.push_back(row->parcel.body);
    return all;
  }
  void rest(const RowId& row, VillageNumber village, Millis due_in) {
    const Rest rested{.row = row, .due_at = now.wall + due_in, .round = 1};
    queue.rest({&rested, 1});
    in_hand.erase(row.seq);
    villages.on_rest(village, due_in, now);
  }
  void pass(Millis time) {
    now.steady += time;
    now.wall += time;
  }
};

std::size_t changes(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < text.size(); ++i) count += text[i] != text[i - 1] ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("villages take turns, one with ten thousand rows waits for its own like any other") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 10'000));
  CHECK(dealer.deal(3) == "BBB");
  accept(dealer.queue, plains("Kumbo", 0, 3));
  accept(dealer.queue, plains("Wum", 0, 3));

  const std::string dealt = dealer.deal(12);

  CHECK(std::count(dealt.begin(), dealt.end(), 'K') == 3);
  CHECK(std::count(dealt.begin(), dealt.end(), 'W') == 3);
  CHECK(changes(dealt.substr(0, 9)) == 8);
  CHECK(dealer.deal(5) == "BBBBB");
}

TEST_CASE("within a village rows come in order, all of them, once") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 300));

  CHECK(dealer.deal_bodies() == numbered(0, 300));
  CHECK(dealer.deal(1) == "-");
  accept(dealer.queue, plains("Bamenda", 300, 2));
  CHECK(dealer.deal_bodies() == numbered(300, 2));
}

TEST_CASE("a village that may not take keeps its place and the others go on") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 5));
  const VillageNumber barred = dealer.next()->village;
  accept(dealer.queue, plains("Wum", 0, 2));
  const auto others = [barred](VillageNumber village) { return village != barred; };

  CHECK(dealer.next(others)->parcel.origin.village == "Wum");
  CHECK(dealer.next(others)->parcel.origin.village == "Wum");
  CHECK_FALSE(dealer.next(others));
  CHECK(dealer.deal(5) == "BBBB-");
}

TEST_CASE("a row behind many that are in hand or just removed is found") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 64));
  CHECK(dealer.deal_bodies().size() == 64);
  accept(dealer.queue, plains("Bamenda", 64, 1));

  for (std::int64_t seq = 1; seq <= 40; ++seq) {
    dealer.queue.remove({{RowId{0xA11CE, seq}}});
    dealer.in_hand.erase(seq);
  }

  CHECK(dealer.deal_bodies() == numbered(64, 1));
}

TEST_CASE("rows at rest take turns with fresh ones once they are due") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 6));
  for (int i = 0; i < 6; ++i) {
    const auto row = dealer.next();
    dealer.rest(row->parcel.row, row->village, kRestMax / 2);
  }
  CHECK(dealer.deal(1) == "-");
  accept(dealer.queue, plains("Bamenda", 100, 6));
  dealer.pass(kRestMax / 2);

  const auto dealt = dealer.deal_bodies();

  REQUIRE(dealt.size() == 12);
  const auto rested_in_first_six = std::count_if(dealt.begin(), dealt.begin() + 6,
                                                 [](const std::string& one) { return one.size() == body(0).size(); });
  CHECK(rested_in_first_six == 3);
}

TEST_CASE("a village asleep wakes when its earliest row is due, whatever rests later") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 3));
  const auto first = dealer.next();
  const auto second = dealer.next();
  const auto third = dealer.next();
  dealer.rest(first->parcel.row, first->village, Millis{5'000});
  CHECK(dealer.deal(1) == "-");
  dealer.rest(second->parcel.row, second->village, Millis{60'000});
  CHECK(dealer.villages.next_due() == dealer.now.steady + Millis{5'000});

  dealer.pass(Millis{5'000});
  dealer.rest(third->parcel.row, third->village, Millis{60'000});

  CHECK(dealer.deal_bodies() == numbered(0, 1));
}

TEST_CASE("a retried row of a village that is asleep or forgotten is taken at once") {
  Dealer dealer;
  const RowId row = accept_one(dealer.queue, plain("Bamenda", 0));
  dealer.next();
  dealer.queue.refuse(row, "no", kWall);
  dealer.in_hand.clear();
  CHECK(dealer.deal(1) == "-");

  REQUIRE(dealer.queue.retry_refused(1));

  CHECK(dealer.deal_bodies() == numbered(0, 1));
}

TEST_CASE("hundreds of villages are each served within one turn") {
  Dealer dealer;
  std::vector<NewReading> readings;
  for (int i = 0; i < 2 * 600; ++i) readings.push_back(plain("v" + std::to_string(i % 600), i));
  accept(dealer.queue, readings);

  std::set<VillageNumber> served;
  for (int i = 0; i < 600; ++i) served.insert(dealer.next()->village);

  CHECK(served.size() == 600);
  CHECK(dealer.deal_bodies().size() == 600);
}

TEST_CASE("rows found on the disk at the start are backlog, later ones are live") {
  Queue queue{in_memory()};
  accept(queue, plains("Bamenda", 0, 2));
  LiveFirst lines{queue, {}};
  accept_one(queue, plain("Bamenda", 2));
  const Now now{.steady = Millis{0}, .wall = kWall};

  const auto live = lines.next(queue, now, {.live = 9, .backlog = 9, .window = 9}, nobody);
  const auto held = [&live](std::int64_t seq) { return seq == live.rows.front().parcel.row.seq; };
  const auto backlog = lines.next(queue, now, {.live = 9, .backlog = 9, .window = 9}, held);

  CHECK(live.live);
  CHECK(bodies(live.rows) == numbered(2, 1));
  CHECK_FALSE(backlog.live);
  CHECK(bodies(backlog.rows) == numbered(0, 2));
}

TEST_CASE("backlog waits for room for a full message, unless the rest fits") {
  Queue queue{in_memory()};
  accept(queue, plains("Bamenda", 0, 60));
  LiveFirst lines{queue, {}};
  const Now now{.steady = Millis{0}, .wall = kWall};

  CHECK(lines.next(queue, now, {.live = 20, .backlog = 10, .window = 90}, nobody).rows.empty());
  CHECK(lines.next(queue, now, {.live = 60, .backlog = 50, .window = 90}, nobody).rows.size() == 50);
  CHECK(lines.next(queue, now, {.live = 30, .backlog = 20, .window = 90}, nobody).rows.size() == 10);
}

TEST_CASE("backlog that waits for room keeps its turn") {
  Queue queue{in_memory()};
  accept(queue, plains("Bamenda", 0, 200));
  LiveFirst lines{queue, {}};
  accept(queue, plains("Bamenda", 500, 20));
  const Now now{.steady = Millis{0}, .wall = kWall};
  for (int i = 0; i < 6; ++i) CHECK(lines.next(queue, now, {.live = 20, .backlog = 10, .window = 90}, nobody).live);

  const auto batch = lines.next(queue, now, {.live = 100, .backlog = 90, .window = 90}, nobody);

  CHECK_FALSE(batch.live);
  CHECK(batch.rows.size() == 90);
}

TEST_CASE("news beside a resting row leave nothing behind once it is gone") {
  Dealer dealer;
  accept(dealer.queue, plains("Bamenda", 0, 1));
  const auto resting = dealer.next();
  dealer.rest(resting->parcel.row, resting->village, kRestMax / 2);
  for (int i = 1; i < 20; ++i) {
    CHECK(dealer.deal(1) == "-");
    accept(dealer.queue, plains("Bamenda", i, 1));
    const auto fresh = dealer.next();
    REQUIRE(fresh);
    dealer.queue.remove({&fresh->parcel.row, 1});
    dealer.pass(Millis{1});
  }

  dealer.queue.remove({&resting->parcel.row, 1});
  accept(dealer.queue, plains("Bamenda", 20, 1));
  const auto last = dealer.next();
  dealer.queue.remove({&last->parcel.row, 1});
  CHECK(dealer.deal(1) == "-");

  CHECK(dealer.villages.next_due() == std::nullopt);
}
