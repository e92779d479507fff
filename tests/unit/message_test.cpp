#include "shared/message.hpp"

#include <random>

#include "shared/deflate.hpp"
#include "shared/row_id.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

using namespace std::string_literals;

constexpr std::string_view kVillage = "Bamenda";
std::string reading() { return R"({"village":"Bamenda","power_kw":120})"; }

DecodedMessage decoded(std::string_view payload, std::optional<std::string_view> encoding = std::nullopt) {
  return decode_message(payload, encoding, kVillage);
}

/// The reason why a message is one bad part as a whole; CHECKs that it is.
std::string why_all_bad(std::string_view payload, std::optional<std::string_view> encoding = std::nullopt) {
  const DecodedMessage message = decoded(payload, encoding);
  CHECK(message.readings.empty());
  REQUIRE(message.bad.size() == 1);
  CHECK(message.bad.front().bytes == payload);
  CHECK(message.bad.front().whole);
  return message.bad.front().problem.what;
}

std::string array_of(std::size_t count, const std::string& element) {
  std::string array = "[";
  for (std::size_t i = 0; i < count; ++i) array += (i == 0 ? "" : ",") + element;
  return array + "]";
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

/// What an outbox holds after a cloudy morning: one reading a minute, with the milliseconds of when it came.
std::vector<std::string> realistic_readings(std::size_t count) {
  std::mt19937 random{20260128};
  std::vector<std::string> bodies;
  double power = 60;
  for (std::size_t i = 0; i < count; ++i) {
    power += static_cast<double>(random() % 61) / 10 - 2.5;
    const Millis at{1'769'595'300'000 + static_cast<std::int64_t>(i * 60'000 + random() % 900)};
    const std::string tenths = std::to_string(static_cast<int>(power * 10));
    const std::string number = tenths.substr(0, tenths.size() - 1) + "." + tenths.back();
    bodies.push_back(R"({"id":")" + to_string(RowId{0x8F3A6C21D94E07B5, static_cast<std::int64_t>(4213 + i)}) +
                     R"(","village":"Bamenda","measured_at":")" + rfc3339(at) + R"(","power_kw":)" + number + "}");
  }
  return bodies;
}

}  // namespace

TEST_CASE("a message of one object is one reading") {
  const DecodedMessage message = decoded(" " + reading() + "\r\n");

  REQUIRE(message.readings.size() == 1);
  CHECK(message.readings.front().body == reading());
  CHECK(message.bad.empty());
}

TEST_CASE("a message of an array is its readings in their order") {
  const DecodedMessage message = decoded(R"([ {"power_kw":1,"id":"a"} ,{"power_kw":2}])");

  CHECK(message.bad.empty());
  CHECK(message.readings == std::vector<Reading>{{R"({"village":"Bamenda","power_kw":1,"id":"a"})", "a"},
                                                 {R"({"village":"Bamenda","power_kw":2})", std::nullopt}});
}

TEST_CASE("a bad element of an array does not hold back its neighbours") {
  const std::string bad =
      GENERATE(as<std::string>{}, R"({"power_kw":"1"})", R"({"village":"Kumbo","power_kw":1})", "nonsense", "[1,2]",
               "1e999", "{\"power_kw\":1,\"x\":\"\xFF\"}", R"({"power_kw":1} {"power_kw":1})", "{\"x\":[[[]]]}",
               R"({"power_kw":1,"x":")" + std::string(9000, 'x') + "\"}");

  const DecodedMessage message = decoded("[" + reading() + ", " + bad + " ," + reading() + "]");

  CHECK(message.readings.size() == 2);
  REQUIRE(message.bad.size() == 1);
  CHECK(message.bad.front().bytes == bad);
  CHECK_FALSE(message.bad.front().whole);
  CHECK_FALSE(message.bad.front().problem.what.empty());
}

TEST_CASE("a message that is no reading is one bad part") {
  const auto [payload, what] = GENERATE(table<std::string, std::string>({
      {"", "empty"},
      {"\n", "empty"},
      {"hello", "not JSON, at byte 1"},
      {"7", "JSON, but no object"},
      {"{}", "power_kw is missing"},
      {"[]", "an empty array"},
      {" [ ]", "an empty array"},
      {"\0"s, "holds a NUL byte"},
      {"{\"power_kw\":1}\0"s, "holds a NUL byte"},
      {"\xEF\xBB\xBF[{\"power_kw\":1}]", "starts with a byte order mark"},
  }));

  CHECK(why_all_bad(payload) == what);
}

TEST_CASE("no reading is taken from an array that cannot be split") {
  const std::string end = GENERATE(as<std::string>{}, "", ",", ",]", ",,{}]", "}", "]]", "] x", ",{\"power_kw\":1]",
                                   ",\"", ",{\"x\":[}]}]", "\0"s);

  CHECK(why_all_bad("[" + reading() + end) == "an array that is not whole JSON, or of more than 1000 readings");
}

TEST_CASE("an array may hold a thousand readings and no more") {
  CHECK(decoded(array_of(kMessageMaxReadings, R"({"power_kw":1})")).readings.size() == kMessageMaxReadings);
  CHECK(why_all_bad(array_of(kMessageMaxReadings + 1, R"({"power_kw":1})")) ==
        "an array that is not whole JSON, or of more than 1000 readings");
  CHECK(why_all_bad(array_of(100'000, "{}").substr(0, kMessageMaxBytes)) ==
        "an array that is not whole JSON, or of more than 1000 readings");
}

TEST_CASE("of a message over 256 KiB only that much is kept") {
  const std::string payload = array_of(100'000, R"({"power_kw":1})");

  const DecodedMessage message = decoded(payload);

  CHECK(message.readings.empty());
  REQUIRE(message.bad.size() == 1);
  CHECK(message.bad.front().bytes == payload.substr(0, kMessageMaxBytes));
  CHECK(message.bad.front().problem.what == "message of 1500001 bytes, more than 262144");
}

TEST_CASE("an array nested 100,000 deep is one bad part") {
  CHECK(why_all_bad(std::string(100'000, '[')) == "an array that is not whole JSON, or of more than 1000 readings");
  CHECK(decoded(std::string(100'000, '[') + std::string(100'000, ']')).bad.size() == 1);
}

TEST_CASE("a deflated message is read as its content") {
  CHECK(decoded(deflated(reading()), "deflate").readings.size() == 1);
  CHECK(decoded(deflated(array_of(1000, reading())), "deflate").readings.size() == 1000);
}

TEST_CASE("a bad element of a deflated array is kept inflated") {
  const DecodedMessage message = decoded(deflated("[" + reading() + ",{}]"), "deflate");

  CHECK(message.readings.size() == 1);
  REQUIRE(message.bad.size() == 1);
  CHECK(message.bad.front().bytes == "{}");
  CHECK_FALSE(message.bad.front().whole);
}

TEST_CASE("what cannot be inflated is one bad part, kept as it came") {
  CHECK(why_all_bad(reading(), "gzip") == "unknown content-encoding");
  CHECK(why_all_bad(reading(), "") == "unknown content-encoding");
  CHECK(why_all_bad(reading(), "Deflate") == "unknown content-encoding");
  CHECK(why_all_bad(reading(), "deflate") == "damaged deflated data");
  CHECK(why_all_bad("", "deflate") == "deflated data cut short");
  CHECK(why_all_bad(deflated(reading()) + " ", "deflate") == "bytes after the deflated data");
  CHECK(why_all_bad(deflated(reading()).substr(0, 20), "deflate") == "deflated data cut short");
  CHECK(why_all_bad(deflated("{}"), "deflate") == "power_kw is missing");
  CHECK_FALSE(why_all_bad(deflated(reading())).empty());
}

TEST_CASE("a deflate bomb is one bad part") {
  CHECK(why_all_bad(deflated(std::string(8'000'000, ' ')), "deflate") == "inflates to more than 262144 bytes");
}

TEST_CASE("one reading is encoded as it is, so that a person can read it on the broker") {
  const std::string body = reading();
  const std::vector<std::string_view> bodies{body};

  CHECK(encode_batch(bodies) == EncodedMessage{.payload = body, .deflated = false});
}

TEST_CASE("a batch is deflated when that is shorter") {
  const std::string body = reading();
  const std::vector<std::string_view> many(10, body);
  const std::vector<std::string_view> tiny{"1", "2"};

  CHECK(encode_batch(many).deflated);
  CHECK(encode_batch(many).payload.size() < body.size() * 2);
  CHECK(encode_batch(tiny) == EncodedMessage{.payload = "[1,2]", .deflated = false});
}

TEST_CASE("any batch comes out as the bodies that went in, byte for byte") {
  std::mt19937 random{20260128};
  for (int round = 0; round < 100; ++round) {
    std::vector<std::string> bodies;
    for (auto i = 1 + random() % 50; i > 0; --i) {
      std::string note;
      for (auto length = random() % 30; length > 0; --length) note += static_cast<char>(' ' + random() % 95);
      std::erase_if(note, [](char c) { return c == '"' || c == '\\'; });
      bodies.push_back(R"({"note" : ")" + note + R"(","village":"Bamenda","power_kw":)" + std::to_string(random()) +
                       "}");
    }

    const EncodedMessage encoded = encode_batch(views(bodies));
    const DecodedMessage message = decoded(encoded.payload, encoded.deflated ? std::optional{kDeflate} : std::nullopt);

    CHECK(message.bad.empty());
    std::vector<std::string> back;
    for (const Reading& each : message.readings) back.push_back(each.body);
    CHECK(back == bodies);
  }
}

TEST_CASE("a hundred readings of a backlog are at most 14.5 bytes each on the wire") {
  const std::vector<std::string> bodies = realistic_readings(100);
  REQUIRE(decoded(bodies.front()).bad.empty());

  const EncodedMessage encoded = encode_batch(views(bodies));

  INFO("payload of " << encoded.payload.size() << " bytes");
  CHECK(encoded.deflated);
  CHECK(static_cast<double>(encoded.payload.size()) / 100 <= 14.5);
}

TEST_CASE("flipped bits in a message lose no more than its readings") {
  std::mt19937 random{4711};
  const std::vector<std::string> bodies = realistic_readings(5);
  const EncodedMessage batch = encode_batch(views(bodies));
  const std::string array = std::get<std::string>(inflated(batch.payload, kMessageMaxBytes));
  for (int round = 0; round < 600; ++round) {
    const bool packed = random() % 2 == 0;
    std::string payload = packed ? batch.payload : array;
    for (auto i = 1 + random() % 3; i > 0; --i) payload[random() % payload.size()] = static_cast<char>(random());

    const DecodedMessage message = decoded(payload, packed ? std::optional{kDeflate} : std::nullopt);

    CHECK(message.readings.size() + message.bad.size() >= 1);
    for (const Reading& each : message.readings) CHECK(decoded(each.body).readings.size() == 1);
  }
}

}  // namespace solar
