#include "shared/receipt.hpp"

#include <algorithm>
#include <limits>
#include <random>

#include "shared/utf8.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

using namespace std::string_literals;

constexpr std::uint64_t kToken = 0xAB;
constexpr std::int64_t kSeqMax = std::numeric_limits<std::int64_t>::max();

std::string id(std::int64_t seq, std::uint64_t token = kToken) { return to_string(RowId{token, seq}); }

std::string encoded(std::vector<std::string> delivered) {
  return encode_receipt({.delivered = std::move(delivered), .refused = {}});
}

ReceiptRows rows_of(std::string_view payload) {
  const auto decoded = decode_receipt(payload);
  if (const auto* problem = std::get_if<Problem>(&decoded)) FAIL(to_line(*problem));
  return std::get<ReceiptRows>(decoded);
}

std::string problem_of(std::string_view payload) {
  const auto decoded = decode_receipt(payload);
  const auto* problem = std::get_if<Problem>(&decoded);
  return problem == nullptr ? "" : problem->what;
}

/// A receipt for what stands in `text`, without its token.
ReceiptRows delivered(const std::string& text) {
  return rows_of(R"({"delivered":["00000000000000ab-)" + text + "\"]}");
}

}  // namespace

TEST_CASE("rows that follow each other are joined to ranges, whatever order they come in") {
  CHECK(encoded({id(203), id(2), id(1), id(3), id(2)}) ==
        R"({"delivered":["00000000000000ab-1..3","00000000000000ab-203"],"refused":[]})");
  CHECK(encoded({id(2, 7), id(1, 8)}) == R"({"delivered":["0000000000000007-2","0000000000000008-1"],"refused":[]})");
  CHECK(encoded({id(1, 7), id(2, 8)}) == R"({"delivered":["0000000000000007-1","0000000000000008-2"],"refused":[]})");
  CHECK(encoded({id(kSeqMax), id(kSeqMax - 1)}) ==
        R"({"delivered":["00000000000000ab-9223372036854775806..9223372036854775807"],"refused":[]})");
  CHECK(encoded({}) == R"({"delivered":[],"refused":[]})");
}

TEST_CASE("other senders' ids stand as they are") {
  CHECK(encoded({"esp32-7", id(1), "esp32-8"}) ==
        R"({"delivered":["00000000000000ab-1","esp32-7","esp32-8"],"refused":[]})");
}

TEST_CASE("a range is at most a thousand rows wide") {
  std::vector<std::string> ids;
  for (std::int64_t seq = 1; seq <= 2001; ++seq) ids.push_back(id(seq));

  const std::string payload = encoded(ids);

  CHECK(
      payload ==
      R"({"delivered":["00000000000000ab-1..1000","00000000000000ab-1001..2000","00000000000000ab-2001"],"refused":[]})");
  CHECK(rows_of(payload).delivered.size() == 2001);
}

TEST_CASE("a refusal carries its reason, cut between characters and always UTF-8") {
  const Receipt receipt{
      .delivered = {},
      .refused = {
          {id(1), "power_kw \"too\" high\n"}, {"esp32-7", "\xFF"}, {id(2), std::string(199, 'x') + "\xC3\xA9"}}};

  CHECK(encode_receipt(receipt) ==
        R"({"delivered":[],"refused":[{"id":"00000000000000ab-1","reason":"power_kw \"too\" high\u000a"},)"
        "{\"id\":\"esp32-7\",\"reason\":\"\xEF\xBF\xBD\"},"
        R"({"id":"00000000000000ab-2","reason":")" +
            std::string(199, 'x') + "\"}]}");
  CHECK(rows_of(encode_receipt(receipt)).refused.front() == RefusedRow{{kToken, 1}, "power_kw \"too\" high\n"});
}

TEST_CASE("a reason that is too long is also cut when it is read") {
  const ReceiptRows rows =
      rows_of(R"({"refused":[{"id":"00000000000000ab-1","reason":")" + std::string(10'000, 'x') + "\"}]}");

  CHECK(rows.refused == std::vector<RefusedRow>{{{kToken, 1}, std::string(kReasonMaxBytes, 'x')}});
}

TEST_CASE("a publisher understands rows and ranges and counts everything else") {
  const ReceiptRows rows = rows_of(
      R"({"new":{"in":[1]},"delivered":["00000000000000ab-1..3","esp32-7",7,null,{"id":"x"},["00000000000000ab-9"],"00000000000000ab-5"],)"
      R"("refused":[{"reason":"too high","id":"00000000000000ab-4"},{"id":"00000000000000ab-6","more":1},{"id":"x"},{"id":7},{},"y"]})");

  CHECK(rows == ReceiptRows{.delivered = {{kToken, 1}, {kToken, 2}, {kToken, 3}, {kToken, 5}},
                            .refused = {{{kToken, 4}, "too high"}, {{kToken, 6}, ""}},
                            .ignored = 9});
}

TEST_CASE("ranges that no forwarder makes are counted and not walked") {
  const std::string range =
      GENERATE(as<std::string>{}, "1..1001", "1..9223372036854775807", "1..9223372036854775808",
               "1..18446744073709551616", "3..1", "2..1", "0..1", "-5..5", "1..", "..1", "1...2", "1..2..3", "01..2",
               "1..02", "1..+2", "1.. 2", "1..00000000000000ab-2", "1.2", "1..-1", "");

  CHECK(delivered(range) == ReceiptRows{.delivered = {}, .refused = {}, .ignored = 1});
}

TEST_CASE("the widest and the last of all ranges are understood") {
  CHECK(delivered("1..1000").delivered.size() == kReceiptRangeMax);
  CHECK(delivered("5..5").delivered == std::vector<RowId>{{kToken, 5}});
  CHECK(delivered("9223372036854775806..9223372036854775807").delivered ==
        std::vector<RowId>{{kToken, kSeqMax - 1}, {kToken, kSeqMax}});
}

TEST_CASE("of a receipt for too many rows the rest is ignored") {
  std::string payload = R"({"delivered":["00000000000000ab-1..999")";
  for (int i = 0; i < 20; ++i) payload += R"(,"00000000000000ab-1..1000")";
  payload += R"(],"refused":[{"id":"00000000000000ab-1"},{"id":"00000000000000ab-2"}]})";

  const ReceiptRows rows = rows_of(payload);

  CHECK(rows.delivered.size() == 9999);
  CHECK(rows.refused.size() == 1);
  CHECK(rows.ignored == 12);
}

TEST_CASE("what is no receipt is refused with its reason") {
  const auto [payload, what] = GENERATE(table<std::string, std::string>({
      {"", "empty"},
      {"ok", "not JSON, at byte 1"},
      {"[]", "JSON, but no object"},
      {R"({"delivered":["00000000000000ab-1"])", "not JSON, at byte 36"},
      {R"({"delivered":"00000000000000ab-1"})", "delivered is no list"},
      {R"({"delivered":{}})", "delivered is no list"},
      {R"({"delivered":[],"refused":null})", "refused is no list"},
      {R"({"delivered":[],"delivered":[]})", "a name stands twice at the top"},
      {"{\"delivered\":[]}\0"s, "holds a NUL byte"},
      {"{\"delivered\":[\"\xFF\"]}", "invalid UTF-8"},
      {"{\"delivered\":" + std::string(100'000, '['), "nested deeper than 8 levels"},
      {std::string(256 * 1024 + 1, ' '), "receipt of 262145 bytes, more than 262144"},
  }));

  CHECK(problem_of(payload) == what);
}

TEST_CASE("a receipt without lists says nothing") { CHECK(rows_of(" {} ") == ReceiptRows{}); }

TEST_CASE("the largest receipt of rubbish is counted") {
  std::string payload = R"({"delivered":[0)";
  while (payload.size() < 256 * 1024 - 4) payload += ",0";

  CHECK(rows_of(payload + "]}").ignored > 130'000);
}

TEST_CASE("any receipt comes out as the rows that went in") {
  std::mt19937_64 random{20260128};
  for (int round = 0; round < 60; ++round) {
    Receipt receipt;
    std::vector<RowId> delivered_rows;
    std::vector<RefusedRow> refused_rows;
    for (std::uint64_t i = random() % 100; i > 0; --i) {
      const RowId row{random() % 3, static_cast<std::int64_t>(1 + random() % 200)};
      receipt.delivered.push_back(to_string(row));
      delivered_rows.push_back(row);
    }
    for (std::uint64_t i = random() % 5; i > 0; --i) {
      const RowId row{random(), static_cast<std::int64_t>(1 + random() % 200)};
      receipt.refused.push_back({to_string(row), "reason " + std::to_string(random())});
      refused_rows.push_back({row, receipt.refused.back().reason});
    }
    std::sort(delivered_rows.begin(), delivered_rows.end());
    delivered_rows.erase(std::unique(delivered_rows.begin(), delivered_rows.end()), delivered_rows.end());

    const ReceiptRows rows = rows_of(encode_receipt(receipt));

    CHECK(rows == ReceiptRows{.delivered = delivered_rows, .refused = refused_rows, .ignored = 0});
  }
}

TEST_CASE("flipped bits in a receipt give rows within the limits or a problem") {
  std::mt19937 random{4711};
  const std::string whole = encode_receipt({{id(1), id(2), id(3), id(900), "esp32"},
                                            {{id(4),
                                              "r\xC3\xA9"
                                              "ason"}}});
  for (int round = 0; round < 1500; ++round) {
    std::string payload = whole;
    for (auto i = 1 + random() % 3; i > 0; --i) payload[random() % payload.size()] = static_cast<char>(random());

    const auto decoded = decode_receipt(payload);

    if (const auto* rows = std::get_if<ReceiptRows>(&decoded)) CHECK(rows->delivered.size() <= 5 * kReceiptRangeMax);
  }
}

}  // namespace solar
