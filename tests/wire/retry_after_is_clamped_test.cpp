// `Retry-After`: seconds or a date; nobody can make us wait for more than 15 minutes.
#include "tests/wire/central_wire.hpp"
#include "tests/wire/rigs.hpp"

using namespace solar;
using namespace solar::test;

namespace {

std::optional<Millis> asked_wait(std::string_view value) {
  return unavailable(outcome_of(http_answer(503, "Retry-After: " + std::string{value} + "\r\n"))).retry_after;
}

std::string http_date(std::chrono::seconds from_now) {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(kClock.now().wall + from_now).count();
  std::string text(64, '\0');
  const auto when = static_cast<std::time_t>(at);
  std::tm parts{};
  gmtime_r(&when, &parts);
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text;
}

}  // namespace

TEST_CASE("Retry-After reaches the outcome in its forms, and rubbish does not") {
  CHECK(asked_wait("7") == Millis{7'000});
  CHECK(asked_wait("0") == Millis{0});
  const auto until_date = asked_wait(http_date(std::chrono::seconds{600}));
  REQUIRE(until_date);
  CHECK(*until_date <= std::chrono::seconds{600});
  CHECK(*until_date > std::chrono::seconds{500});
  for (const auto* const rubbish : {"1e9", "soon", "", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
    INFO(rubbish);
    CHECK(asked_wait(rubbish) == std::nullopt);
  }
}

TEST_CASE("absurd values of Retry-After are clamped") {
  CHECK(clamp_retry_after(asked_wait("1000000000").value()) == kRetryAfterMax);
  CHECK(clamp_retry_after(asked_wait("99999999999999999999999999").value()) == kRetryAfterMax);
  CHECK(clamp_retry_after(asked_wait("Fri, 31 Dec 9999 23:59:59 GMT").value()) == kRetryAfterMax);
  CHECK(clamp_retry_after(asked_wait("0").value()) == kRetryAfterMin);
}

TEST_CASE("a forwarder that is asked to wait holds everything for that long") {
  std::atomic<std::int64_t> first_ms{};
  std::atomic<std::int64_t> second_ms{};
  ScriptedHttp central{[&](const ScriptedRequest&) {
    auto& at = first_ms == 0 ? first_ms : second_ms;
    const bool first = first_ms == 0;
    at = kClock.now().steady.count();
    return first ? http_answer(503, "Retry-After: 1\r\n") : http_answer(200);
  }};
  ForwarderRig forwarder{"mqtt://127.0.0.1:9", central.url(), [](ForwarderConfig& config) { config.window_max = 1; }};
  accept(forwarder.inbox(), plains("Bamenda", 0, 3), kClock.now().wall);

  forwarder.start();

  REQUIRE(eventually([&] { return forwarder.waiting() == 0; }));
  CHECK(second_ms - first_ms >= 990);
}
