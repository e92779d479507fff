#include "publisher/line_splitter.hpp"

#include "tests/support/catch.hpp"

namespace solar {

namespace {

Line line(std::string text) { return {.text = std::move(text), .too_long = false}; }

}  // namespace

TEST_CASE("lines come whole, however the bytes are cut") {
  LineSplitter splitter{100};

  CHECK(splitter.feed("one\ntw") == std::vector{line("one")});
  CHECK(splitter.feed("o\n\nthree") == std::vector{line("two"), line("")});
  CHECK(splitter.feed("").empty());
}

TEST_CASE("a last line without a line end counts") {
  LineSplitter splitter{100};
  static_cast<void>(splitter.feed("one\ntwo"));

  CHECK(splitter.finish() == std::vector{line("two")});
  CHECK(splitter.finish().empty());
}

TEST_CASE("of a line that is too long only the beginning is held, and the next line is whole") {
  LineSplitter splitter{4};

  CHECK(splitter.feed("12345").empty());
  CHECK(splitter.feed(std::string(1'000'000, 'x')).empty());
  CHECK(splitter.feed("\nok\n") == std::vector{Line{.text = "1234", .too_long = true}, line("ok")});
}

TEST_CASE("a line of just the limit is not too long, and NUL bytes stay in it") {
  LineSplitter splitter{4};
  const std::string with_nul{"a\0b\r", 4};

  CHECK(splitter.feed(with_nul + "\n") == std::vector{line(with_nul)});
}

}  // namespace solar
