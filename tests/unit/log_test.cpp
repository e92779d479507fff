#include "shared/log.hpp"

#include <unistd.h>

#include <cstdio>
#include <regex>

#include "tests/support/catch.hpp"

namespace solar::log {
namespace {

/// What is written to standard error while this lives.
class CapturedError {
 public:
  CapturedError() { ::dup2(::fileno(file_), STDERR_FILENO); }
  ~CapturedError() {
    ::dup2(original_, STDERR_FILENO);
    ::close(original_);
    std::fclose(file_);
  }
  CapturedError(const CapturedError&) = delete;
  CapturedError& operator=(const CapturedError&) = delete;

  [[nodiscard]] std::string text() const {
    std::string text(64 * 1024, '\0');
    const ssize_t size = ::pread(::fileno(file_), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(size));
    return text;
  }

 private:
  int original_ = ::dup(STDERR_FILENO);
  std::FILE* file_ = std::tmpfile();
};

/// The lines of `text` without their times.
std::string without_times(const std::string& text) {
  return std::regex_replace(text, std::regex{R"((^|\n)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )"}, "$1");
}

}  // namespace

TEST_CASE("an event is one line: time, level, what happened and its fields") {
  const CapturedError captured;

  info("connected", {{"broker", "mqtt://localhost:1883"}, {"waiting", 7}, {"after", Millis{250}}});
  warning("broker away");
  error("disk full");

  CHECK(without_times(captured.text()) ==
        "INFO  connected broker=mqtt://localhost:1883 waiting=7 after=250ms\nWARN  broker away\nERROR disk full\n");
}

TEST_CASE("nothing below the level is logged") {
  const CapturedError captured;

  start(Level::Warning);
  debug("too fine");
  info("too fine");
  warning("kept");
  start(Level::Debug);
  debug("kept");
  start(Level::Info);
  debug("too fine");

  CHECK(without_times(captured.text()) == "WARN  kept\nDEBUG kept\n");
}

TEST_CASE("a repeated event is logged once, others are not held back by it") {
  const CapturedError captured;

  for (int i = 0; i < 1000; ++i) limited(Level::Warning, "central away in this test", {{"attempt", i}});
  limited(Level::Warning, "broker away in this test");

  CHECK(without_times(captured.text()) ==
        "WARN  central away in this test attempt=0\nWARN  broker away in this test\n");
}

TEST_CASE("a live line is not written where there is no terminal") {
  const CapturedError captured;

  live_line("waiting 5");
  info("connected");

  CHECK_FALSE(on_terminal());
  CHECK(without_times(captured.text()) == "INFO  connected\n");
}

TEST_CASE("a value that could be mistaken for something else is quoted") {
  CHECK(to_text({"key", "plain-value/1.0"}) == "key=plain-value/1.0");
  CHECK(to_text({"key", ""}) == "key=\"\"");
  CHECK(to_text({"key", "two words"}) == "key=\"two words\"");
  CHECK(to_text({"key", "a=b"}) == "key=\"a=b\"");
  CHECK(to_text({"key", "say \"no\" \\"}) == R"(key="say \"no\" \\")");
  CHECK(to_text({"village", "Ngaoundéré"}) == "village=Ngaoundéré");
}

TEST_CASE("a value cannot forge a line") {
  const CapturedError captured;

  info("refused", {{"why", "x\n2026-01-28T10:15:00.000Z ERROR forged"}});

  CHECK(without_times(captured.text()) == "INFO  refused why=\"x\\x0A2026-01-28T10:15:00.000Z ERROR forged\"\n");
}

TEST_CASE("a value of any size makes a line of bounded size") {
  CHECK(to_text({"key", std::string(10'000'000, 'a')}).size() < 1100);
  CHECK(to_text({"key", std::string(10'000'000, '"')}).size() < 1100);
}

TEST_CASE("a value is shown as it is: numbers plain, durations with their unit") {
  CHECK(to_text({"count", std::uint64_t{18'446'744'073'709'551'615U}}) == "count=18446744073709551615");
  CHECK(to_text({"every", Millis{15'000}}) == "every=15s");
}

TEST_CASE("a rate limit lets one event through per 10 s and counts the others") {
  RateLimit limit;

  CHECK(limit.on_event(Millis{5}) == RateLimit::Verdict{.pass = true, .suppressed = 0});
  CHECK(limit.on_event(Millis{5}) == RateLimit::Verdict{.pass = false, .suppressed = 0});
  CHECK(limit.on_event(Millis{10'004}) == RateLimit::Verdict{.pass = false, .suppressed = 0});
  CHECK(limit.on_event(Millis{10'005}) == RateLimit::Verdict{.pass = true, .suppressed = 2});
  CHECK(limit.on_event(Millis{20'005}) == RateLimit::Verdict{.pass = true, .suppressed = 0});
}

}  // namespace solar::log
