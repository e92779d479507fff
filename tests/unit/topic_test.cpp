#include "shared/topic.hpp"

#include <random>

#include "shared/utf8.hpp"
#include "tests/support/catch.hpp"

namespace solar {
namespace {

using namespace std::string_literals;

std::string problem_of(std::string_view topic) {
  const auto parsed = parse_topic(topic);
  const auto* problem = std::get_if<Problem>(&parsed);
  return problem == nullptr ? "" : problem->what;
}

}  // namespace

TEST_CASE("only what a topic cannot hold is encoded in a level") {
  const auto [name, level] = GENERATE(table<std::string, std::string>({
      {"Bamenda", "Bamenda"},
      {"Nkol Ngock II", "Nkol Ngock II"},
      {"a/b+c#d%e$f", "a%2Fb%2Bc%23d%25e%24f"},
      {"$SYS", "%24SYS"},
      {"N'Gaound\xC3\xA9r\xC3\xA9", "N'Gaound\xC3\xA9r\xC3\xA9"},
      {"\x01\x1F\x7F\n"s + '\0', "%01%1F%7F%0A%00"},
      {"\xC2\x80\xC2\x9F\xC2\xA0", "%C2%80%C2%9F\xC2\xA0"},
      {"..", ".."},
  }));

  CHECK(encode_level(name) == level);
  CHECK(decode_level(level) == name);
}

TEST_CASE("a level that is not the encoding of a name has none") {
  const std::string level = GENERATE(as<std::string>{}, "%2f", "%61", "%20", "%", "%2", "a%", "%G0", "%2G", "%%", "a/b",
                                     "a+b", "#", "$a", "\x01"s, "\x7F"s, "\xC2\x85"s, "%C2%A0", "%C2", "%C3%A9", "%FF");

  CAPTURE(level);
  CHECK_FALSE(decode_level(level).has_value());
}

TEST_CASE("names of one to 64 bytes of UTF-8 are names") {
  CHECK_FALSE(check_name("B").has_value());
  CHECK_FALSE(check_name(std::string(64, 'x')).has_value());
  CHECK_FALSE(check_name("a/+#%$ \n").has_value());
  CHECK_FALSE(check_name("\xEF\xBB\xBF\xEF\xBF\xBD\xF0\x9F\x8C\x9E\xEF\xB7\x8F\xEF\xB7\xB0").has_value());
}

TEST_CASE("what is no name is refused with its reason") {
  const auto [name, what] = GENERATE(table<std::string, std::string>({
      {"", "a name is empty"},
      {std::string(65, 'x'), "a name of 65 bytes, more than 64"},
      {std::string(10'000, 'x'), "a name of 10000 bytes, more than 64"},
      {"\xFF", "a name is not UTF-8"},
      {"a\xC3", "a name is not UTF-8"},
      {"\xED\xA0\x80", "a name is not UTF-8"},
      {"\xEF\xBF\xBE", "a name holds a character that Unicode reserves"},
      {"a\xEF\xBF\xBF", "a name holds a character that Unicode reserves"},
      {"\xEF\xB7\x90", "a name holds a character that Unicode reserves"},
      {"\xEF\xB7\xAF", "a name holds a character that Unicode reserves"},
      {"\xF0\x9F\xBF\xBE", "a name holds a character that Unicode reserves"},
      {"\xF4\x8F\xBF\xBF", "a name holds a character that Unicode reserves"},
  }));

  const auto problem = check_name(name);

  REQUIRE(problem.has_value());
  CHECK(problem->what == what);
  CHECK_FALSE(problem->advice.empty());
}

TEST_CASE("topics are spelled as documented") {
  const Origin origin{.village = "Bamenda", .device = "main"};

  CHECK(to_string(Topic{origin, Channel::Readings}) == "solar/Bamenda/main/readings");
  CHECK(to_string(Topic{origin, Channel::Receipts}) == "solar/Bamenda/main/receipts");
  CHECK(to_string(Topic{origin, Channel::Presence}) == "solar/Bamenda/main/presence");
  CHECK(to_string(Topic{origin, Channel::Status}) == "solar/Bamenda/main/status");
  CHECK(to_string(Topic{origin, Channel::DeadLetters}) == "solar/Bamenda/main/dead-letters");
  CHECK(shared_readings_filter("central") == "$share/central/solar/+/+/readings");
  CHECK(marker_topic("pod/1") == "solar-sync/pod%2F1/marker");
}

TEST_CASE("any origin and channel is read back from its topic") {
  std::mt19937 random{20260128};
  const auto name = [&] {
    std::string text;
    while (text.empty() || (random() % 8 != 0 && text.size() < 60)) {
      const std::string bytes{{static_cast<char>(0xC2 + random() % 3), static_cast<char>(0x80 + random() % 0x40)}};
      text += random() % 4 == 0 ? bytes : std::string(1, static_cast<char>(random() % 128));
    }
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    const Topic topic{.origin = {.village = name(), .device = name()}, .channel = static_cast<Channel>(random() % 5)};

    const auto parsed = parse_topic(to_string(topic));

    REQUIRE(std::holds_alternative<Topic>(parsed));
    CHECK(std::get<Topic>(parsed) == topic);
  }
}

TEST_CASE("a topic that is not ours is refused with its reason") {
  const auto [topic, what] = GENERATE(table<std::string, std::string>({
      {"", "not a topic of ours"},
      {"solar", "not a topic of ours"},
      {"solar/Bamenda/readings", "not a topic of ours"},
      {"solar/Bamenda/main/readings/", "not a topic of ours"},
      {"/solar/Bamenda/main/readings", "not a topic of ours"},
      {"lunar/Bamenda/main/readings", "not a topic of ours"},
      {std::string(60'000, '/'), "not a topic of ours"},
      {"solar/Bamenda/main/Readings", "a topic with an unknown last level"},
      {"solar/Bamenda/main/", "a topic with an unknown last level"},
      {"solar//main/readings", "the village in the topic: a name is empty"},
      {"solar/Bamenda//readings", "the device in the topic: a name is empty"},
      {"solar/" + std::string(10'000, 'x') + "/main/readings",
       "the village in the topic: a name of 10000 bytes, more than 64"},
      {"solar/\xFF/main/readings", "the village in the topic: a name is not UTF-8"},
      {"solar/a%2fb/main/readings", "the village in the topic is not encoded as it must be"},
      {"solar/Bamenda/%41/readings", "the device in the topic is not encoded as it must be"},
      {"solar/$a/main/readings", "the village in the topic is not encoded as it must be"},
  }));

  CHECK(problem_of(topic) == what);
}

TEST_CASE("a topic with flipped bits is one that spells itself, or none") {
  std::mt19937 random{4711};
  for (int round = 0; round < 1500; ++round) {
    std::string text = "solar/N%2Fgaound\xC3\xA9r\xC3\xA9/main%24/readings";
    for (auto i = 1 + random() % 2; i > 0; --i) {
      char& byte = text[random() % text.size()];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random() % 8));
    }

    const auto parsed = parse_topic(text);

    if (const auto* topic = std::get_if<Topic>(&parsed)) CHECK(to_string(*topic) == text);
  }
}

}  // namespace solar
