#include "shared/problem.hpp"

#include "shared/utf8.hpp"
#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("a problem is one line of what, value and advice, without what is empty") {
  CHECK(to_line({"not JSON", "{]", "send one object a line"}) == "not JSON: \"{]\"; send one object a line");
  CHECK(to_line({"not JSON", "", "send one object a line"}) == "not JSON; send one object a line");
  CHECK(to_line({"not JSON", "{]", ""}) == "not JSON: \"{]\"");
  CHECK(to_line({"not JSON", "", ""}) == "not JSON");
}

TEST_CASE("a shortened value keeps up to 80 bytes and says where it was cut") {
  CHECK(shortened("").empty());
  CHECK(shortened(std::string(80, 'a')) == std::string(80, 'a'));
  CHECK(shortened(std::string(81, 'a')) == std::string(80, 'a') + "...");
  CHECK(shortened(std::string(10'000'000, 'a')).size() == 83);
}

TEST_CASE("a shortened value is never cut inside a character") {
  const std::string bamenda = std::string(79, 'a') + "é";

  CHECK(shortened(bamenda) == std::string(79, 'a') + "...");
}

TEST_CASE("a shortened value cannot start a new line or steer a terminal") {
  CHECK(shortened("a\nb\r\x1b[2J\x7f") == "a\\x0Ab\\x0D\\x1B[2J\\x7F");
  CHECK(shortened(std::string("\0", 1)) == "\\x00");
  CHECK(shortened("\xC2\x9B") == "\\xC2\\x9B");
}

TEST_CASE("a shortened value shows invalid UTF-8 byte by byte and leaves the rest as it is") {
  CHECK(shortened("Bafoussam é\xFFz") == "Bafoussam é\\xFFz");
  CHECK(shortened("\xE2\x82") == "\\xE2\\x82");
}

TEST_CASE("UTF-8 is what RFC 3629 allows and nothing else") {
  CHECK(utf8_length("a") == 1);
  CHECK(utf8_length("\xC2\x80") == 2);
  CHECK(utf8_length("\xE0\xA0\x80") == 3);
  CHECK(utf8_length("\xED\x9F\xBF") == 3);
  CHECK(utf8_length("\xF0\x90\x80\x80") == 4);
  CHECK(utf8_length("\xF4\x8F\xBF\xBF") == 4);

  CHECK(utf8_length("") == 0);
  CHECK(utf8_length("\x80") == 0);              // no first byte
  CHECK(utf8_length("\xC0\xAF") == 0);          // overlong
  CHECK(utf8_length("\xC1\xBF") == 0);          // overlong
  CHECK(utf8_length("\xE0\x9F\xBF") == 0);      // overlong
  CHECK(utf8_length("\xED\xA0\x80") == 0);      // surrogate
  CHECK(utf8_length("\xF0\x8F\xBF\xBF") == 0);  // overlong
  CHECK(utf8_length("\xF4\x90\x80\x80") == 0);  // above U+10FFFF
  CHECK(utf8_length("\xF5\x80\x80\x80") == 0);
  CHECK(utf8_length("\xE2\x82") == 0);  // cut short
  CHECK(utf8_length("\xE2\x82z") == 0);
}

TEST_CASE("text is UTF-8 when all of it is") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("Ngaoundéré"));
  CHECK_FALSE(is_utf8("Ngaound\xE9r\xE9"));
}

}  // namespace solar
