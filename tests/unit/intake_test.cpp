// What the broker brings and what of it the inbox keeps.
#include "forwarder/intake.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

class SetClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override { return {.steady = steady, .wall = kWall}; }
  Millis steady{};
};

struct Inbox {
  Queue queue{in_memory()};
  SetClock clock;
  int wakes{};
  InboxIntake intake{queue, clock, ":memory:", [this] { ++wakes; }};

  void take(const std::string& payload, const std::string& village = "Bamenda") {
    intake.take({.topic = "solar/" + village + "/main/readings",
                 .payload = payload,
                 .retained = false,
                 .content_type = {},
                 .content_encoding = {}});
  }
  std::vector<Aside> buried() { return queue.aside(AsideKind::Unreadable, 0, 10'000); }
};

/// An array of the numbers from `from` up to and without `end`, none of which is a reading.
std::string numbers(std::size_t from, std::size_t end) {
  std::string array;
  for (std::size_t i = from; i < end; ++i) array += (array.empty() ? "[" : ",") + std::to_string(i);
  return array + "]";
}

}  // namespace

TEST_CASE("an array of a thousand bad elements is kept whole in a few rows, and told once") {
  Inbox inbox;

  inbox.take(numbers(0, kMessageMaxReadings));

  const auto buried = inbox.buried();
  REQUIRE(buried.size() == kBadPartsKept);
  CHECK(buried.front().body == "0");
  CHECK(buried.back().body == numbers(kBadPartsKept - 1, kMessageMaxReadings));
  CHECK(buried.back().reason == "985 more of this message's elements");
  CHECK(inbox.intake.stats().unreadable == kMessageMaxReadings);
  CHECK(inbox.intake.dead_letters().size() == 1);
  CHECK(inbox.wakes == 1);
}

TEST_CASE("bad elements that fit have a row each, and the readings between them are taken") {
  Inbox inbox;
  std::string array = numbers(0, kBadPartsKept);
  array.insert(1, R"({"power_kw":1},)");

  inbox.take(array);

  CHECK(inbox.buried().size() == kBadPartsKept);
  CHECK(inbox.buried().back().body == std::to_string(kBadPartsKept - 1));
  CHECK(inbox.queue.stats(kWall).waiting == 1);
}

TEST_CASE("one dead letter a second is told for each village, and all are kept") {
  Inbox inbox;
  for (int i = 0; i < 200; ++i) inbox.take("rubbish");
  inbox.take("other rubbish", "Buea");

  const auto told = inbox.intake.dead_letters();

  REQUIRE(told.size() == 2);
  CHECK(told[0].topic == "solar/Bamenda/main/dead-letters");
  CHECK(nlohmann::json::parse(told[0].payload).at("payload") == "rubbish");
  CHECK(told[1].topic == "solar/Buea/main/dead-letters");
  CHECK(inbox.buried().size() == 201);
  inbox.clock.steady = Millis{999};
  inbox.take("rubbish");
  CHECK(inbox.intake.dead_letters().empty());
  inbox.clock.steady = Millis{1'000};
  inbox.take("rubbish");
  CHECK(inbox.intake.dead_letters().size() == 1);
}
