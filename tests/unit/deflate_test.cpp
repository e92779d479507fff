#include "shared/deflate.hpp"

#include <random>

#include "tests/support/catch.hpp"

namespace solar {
namespace {

constexpr std::size_t kMax = 64 * 1024;

std::string problem_of(std::string_view bytes, std::size_t max_bytes = kMax) {
  const auto result = inflated(bytes, max_bytes);
  const auto* problem = std::get_if<Problem>(&result);
  return problem == nullptr ? "" : problem->what;
}

}  // namespace

TEST_CASE("what was deflated is inflated to the same bytes") {
  std::mt19937 random{20260128};
  for (const std::size_t size : {0U, 1U, 100U, 1023U, 1024U, 1025U, 5000U, 65'536U}) {
    std::string bytes(size, 'a');
    for (std::size_t i = 0; i < size; i += 1 + random() % 7) bytes[i] = static_cast<char>(random());

    CHECK(std::get<std::string>(inflated(deflated(bytes), kMax)) == bytes);
  }
}

TEST_CASE("inflated data may fill the limit and not a byte more") {
  CHECK(problem_of(deflated(std::string(kMax, 'x'))).empty());
  CHECK(problem_of(deflated(std::string(kMax + 1, 'x'))) == "inflates to more than 65536 bytes");
  CHECK(problem_of(deflated(""), 0).empty());
  CHECK(problem_of(deflated("x"), 0) == "inflates to more than 0 bytes");
}

TEST_CASE("a deflate bomb is left before it goes off") {
  CHECK(problem_of(deflated(std::string(8'000'000, '0'))) == "inflates to more than 65536 bytes");
}

TEST_CASE("deflated data that is cut short is refused at every length") {
  const std::string whole = deflated(std::string(3000, 'x') + "some text");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(problem_of(whole.substr(0, length)) == "deflated data cut short");
  }
}

TEST_CASE("bytes after deflated data are refused") {
  CHECK(problem_of(deflated("reading") + "x") == "bytes after the deflated data");
  CHECK(problem_of(deflated("reading") + deflated("reading")) == "bytes after the deflated data");
}

TEST_CASE("what was never deflated is refused") {
  using namespace std::string_literals;
  // Plain JSON, gzip's header, a raw deflate stream, a header that asks for a preset dictionary.
  const std::string bytes = GENERATE(as<std::string>{}, "{\"power_kw\":1}"s, "\x1F\x8B\x08\0\0\0\0\0\0\3"s,
                                     "\x4B\x04\0"s, "\x78\xBB\0\0\0\1"s);

  CHECK(problem_of(bytes) == "damaged deflated data");
}

TEST_CASE("a damaged checksum is refused") {
  std::string bytes = deflated("reading");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);

  CHECK(problem_of(bytes) == "damaged deflated data");
}

TEST_CASE("flipped bits in deflated data give a result or a problem, never more than the limit") {
  std::mt19937 random{4711};
  const std::string whole = deflated(R"([{"village":"Bamenda","power_kw":120},{"village":"Bamenda","power_kw":121}])");
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    for (auto i = 1 + random() % 3; i > 0; --i) {
      char& byte = bytes[random() % bytes.size()];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random() % 8));
    }

    const auto result = inflated(bytes, 200);

    if (const auto* text = std::get_if<std::string>(&result)) CHECK(text->size() <= 200);
  }
}

}  // namespace solar
