#include "forwarder/receipts.hpp"
#include "tests/support/catch.hpp"

namespace solar {

namespace {

const Origin kBamenda{.village = "Bamenda", .device = "main"};
const Origin kBuea{.village = "Buea", .device = "main"};

Settled delivered(const Origin& origin, std::string id) {
  return {.row = {}, .origin = origin, .id = std::move(id), .refused = std::nullopt, .accepted_at = {}};
}

void add_many(ReceiptDesk& desk, const Origin& origin, std::size_t count, Millis at) {
  for (std::size_t i = 0; i < count; ++i) desk.add(delivered(origin, "id-" + std::to_string(i)), at);
}

}  // namespace

TEST_CASE("receipts are gathered per device until their time, and go to the topic of that device") {
  ReceiptDesk desk{Millis{1'000}};
  desk.add(delivered(kBamenda, "a"), Millis{0});
  desk.add(delivered(kBamenda, "b"), Millis{500});
  desk.add(delivered(kBuea, "c"), Millis{600});

  CHECK(desk.next_due() == Millis{1'000});
  CHECK(desk.due(Millis{999}, 10, false).empty());
  const auto messages = desk.due(Millis{1'000}, 10, false);

  REQUIRE(messages.size() == 1);
  CHECK(messages.front().topic == "solar/Bamenda/main/receipts");
  CHECK(messages.front().payload == R"({"delivered":["a","b"],"refused":[]})");
  CHECK(desk.next_due() == Millis{1'600});
}

TEST_CASE("a hundred ids do not wait for their time") {
  ReceiptDesk desk{Millis{1'000}};
  add_many(desk, kBamenda, ReceiptDesk::kIdsPerReceipt, Millis{0});

  CHECK(desk.due(Millis{0}, 10, false).size() == 1);
  CHECK_FALSE(desk.next_due());
}

TEST_CASE("what the limit leaves is due at the next call") {
  ReceiptDesk desk{Millis{0}};
  desk.add(delivered(kBamenda, "a"), Millis{0});
  desk.add(delivered(kBuea, "b"), Millis{0});

  CHECK(desk.due(Millis{0}, 1, false).size() == 1);
  CHECK(desk.next_due() == Millis{0});
  CHECK(desk.due(Millis{0}, 1, false).size() == 1);
}

TEST_CASE("of what is due, that goes first which has waited longest, whatever its village is called") {
  ReceiptDesk desk{Millis{1'000}};
  desk.add(delivered(kBuea, "early"), Millis{0});
  desk.add(delivered(kBamenda, "late"), Millis{1});

  const auto messages = desk.due(Millis{5'000}, 1, false);

  REQUIRE(messages.size() == 1);
  CHECK(messages.front().topic == "solar/Buea/main/receipts");
  CHECK(desk.next_due() == Millis{1'001});
}

TEST_CASE("a village of many devices leaves places for others") {
  ReceiptDesk desk{Millis{0}};
  for (std::size_t i = 0; i <= ReceiptDesk::kOriginsMax; ++i) {
    desk.add(delivered({.village = "Bamenda", .device = std::to_string(i)}, "a"), Millis{0});
  }
  CHECK(desk.dropped() == ReceiptDesk::kOriginsMax + 1 - ReceiptDesk::kOriginsPerVillageMax);

  desk.add(delivered(kBuea, "b"), Millis{0});
  desk.add(delivered({.village = "Bamenda", .device = "0"}, "b"), Millis{0});

  CHECK(desk.dropped() == ReceiptDesk::kOriginsMax + 1 - ReceiptDesk::kOriginsPerVillageMax);
  CHECK(desk.due(Millis{0}, ReceiptDesk::kOriginsMax, false).size() == ReceiptDesk::kOriginsPerVillageMax + 1);
}

TEST_CASE("a refusal is told with its reason") {
  ReceiptDesk desk{Millis{0}};
  Settled refused = delivered(kBamenda, "a");
  refused.refused = "400 power_kw is missing";
  desk.add(refused, Millis{0});

  const auto messages = desk.due(Millis{0}, 10, true);
  REQUIRE(messages.size() == 1);
  CHECK(messages.front().payload.find(R"({"id":"a","reason":"400 power_kw is missing"})") != std::string::npos);
}

TEST_CASE("receipts are bounded: per device, in devices, and forgotten while the broker is away") {
  ReceiptDesk desk{Millis{1'000}};
  add_many(desk, kBamenda, ReceiptDesk::kIdsPerOriginMax + 1, Millis{0});
  CHECK(desk.dropped() == 1);

  for (std::size_t i = 0; i < ReceiptDesk::kOriginsMax; ++i) {
    desk.add(delivered({.village = "v" + std::to_string(i), .device = "main"}, "a"), Millis{0});
  }
  CHECK(desk.dropped() == 2);

  desk.forget();
  CHECK(desk.dropped() == 2 + ReceiptDesk::kIdsPerOriginMax + ReceiptDesk::kOriginsMax - 1);
  CHECK_FALSE(desk.next_due());
  CHECK(desk.due(Millis{10'000}, 10, true).empty());
}

}  // namespace solar
