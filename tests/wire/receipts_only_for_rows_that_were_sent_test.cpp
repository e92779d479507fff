// A receipt removes a row from the only disk that has it: it counts for what was sent, and for nothing else.
#include "tests/support/catch.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

const std::string kReceipts = "solar/Bamenda/main/receipts";

std::string number_after(const std::string& id, int plus) {
  const auto dash = id.find('-');
  return id.substr(0, dash + 1) + std::to_string(std::stoi(id.substr(dash + 1)) + plus);
}

}  // namespace

TEST_CASE("receipts for rows that were not sent, or are not ours, remove nothing") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url(), [](PublisherConfig& config) { config.window_start = config.window_max = 10; }};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);
  const auto ids = publisher.accept_numbers(0, 30);
  for (int n = 0; n < 9; ++n) client.take_publish("/readings");  // a tenth of the window is for live readings only
  static_cast<void>(client.next_publish("/readings", kWatch));

  const std::vector<std::string> strangers{ids.back(),                   // not sent yet
                                           number_after(ids.back(), 1),  // not made yet
                                           "0123456789abcdef-1", "meter:7", ""};
  client.deliver(kReceipts, receipt_for(strangers), 1);
  client.deliver(kReceipts, R"({"delivered":[")" + ids[20] + ".." + ids[29].substr(ids[29].find('-') + 1) + "\"]}", 2);
  client.deliver(kReceipts, R"({"refused":[{"id":")" + ids.back() + R"(","reason":"no"}]})", 3);
  CHECK(client.acked(3));

  CHECK_FALSE(eventually([&] { return publisher.waiting() < 30; }, kWatch));
  client.deliver(kReceipts, receipt_for({ids.front()}), 4);
  CHECK(eventually([&] { return publisher.waiting() == 29; }));
  CHECK(eventually([&] { return publisher.snapshot().strange_receipts == 5 + 10 + 1; }));
  CHECK(publisher.snapshot().courier.repeated == 0);
}

TEST_CASE("a receipt counts once, and rubbish between receipts hides none of them") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);
  const auto ids = publisher.accept_numbers(0, 3);
  for (int n = 0; n < 3; ++n) client.take_publish("/readings");

  for (int twice = 0; twice < 2; ++twice) client.deliver(kReceipts, receipt_for({ids[0]}), 1);
  for (const auto* const rubbish : {"", "{", "[]", "null", R"({"delivered":7})", R"({"refused":[7,{}]})"}) {
    client.deliver(kReceipts, rubbish, 2);
  }
  client.deliver(kReceipts, receipt_for({ids[2], ids[1]}), 3);

  CHECK(client.acked(3));
  CHECK(eventually([&] { return publisher.waiting() == 0; }));
  CHECK(eventually([&] { return publisher.snapshot().courier.repeated == 1; }));
  CHECK(publisher.snapshot().strange_receipts == 5 + 2);
}

TEST_CASE("a refused reading leaves the queue for the refused ones, with its reason") {
  ScriptedBroker broker;
  PublisherRig publisher{broker.url()};
  publisher.start();
  auto client = broker.next_client();
  client.welcome(kPublisherSubscriptions);
  const auto id = publisher.accept(R"({"power_kw":1})");
  client.take_publish("/readings");

  client.deliver(kReceipts, R"({"refused":[{"id":")" + id + R"(","reason":"central answered 422"}]})", 1);

  CHECK(eventually([&] { return publisher.waiting() == 0; }));
  CHECK(eventually([&] { return publisher.snapshot().courier.refused == 1; }));
}
