// What a running publisher answers to other commands.
#include "publisher/station.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

struct Office {
  Queue queue{in_memory()};
  SystemClock clock;
  Origin origin{.village = "Bamenda", .device = "main"};
  Waiters waiters;
  Acceptance acceptance{queue, clock, origin, [] {}};
  Desk desk{.queue = queue,
            .clock = clock,
            .origin = origin,
            .acceptance = &acceptance,
            .waiters = &waiters,
            .uplink = nullptr};
};

}  // namespace

TEST_CASE("a send request that is wrong in any field accepts nothing") {
  Office office;
  std::vector<std::string> answers;

  CHECK_THROWS(office.desk.answer(R"({"command":"send","reading":"{\"power_kw\":1}","wait_ms":"long"})",
                                  [&](std::string_view line) {
                                    answers.emplace_back(line);
                                    return true;
                                  }));

  CHECK(answers.empty());
  CHECK(office.queue.is_empty());
  CHECK(office.waiters.count() == 0);
}

TEST_CASE("who can no longer be answered is no longer waited for") {
  Office office;

  CHECK_THROWS_AS(office.desk.answer(send_request(R"({"power_kw":1})", Millis{0}),
                                     [](std::string_view) -> bool { throw std::runtime_error{"gone"}; }),
                  std::runtime_error);

  CHECK_FALSE(office.queue.is_empty());
  CHECK(office.waiters.count() == 0);
}

TEST_CASE("a send that waits in vain is told that its reading is kept") {
  Office office;
  std::vector<std::string> answers;

  office.desk.answer(send_request(R"({"power_kw":1})", Millis{0}), [&](std::string_view line) {
    answers.emplace_back(line);
    return true;
  });

  REQUIRE(answers.size() == 2);
  CHECK(nlohmann::json::parse(answers[0]).contains("accepted"));
  CHECK(nlohmann::json::parse(answers[1]).contains("kept"));
  CHECK(office.waiters.count() == 0);
}
