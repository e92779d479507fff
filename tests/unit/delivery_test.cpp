#include "shared/delivery.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <variant>

#include "tests/support/catch.hpp"

using namespace solar;

namespace {

constexpr double kAlmostOne = 0.999999999;

Window window_of(std::size_t size, Window::Growth growth = Window::Growth::PerRoundTrip) {
  return Window{{.min = 1, .start = size, .max = 64, .growth = growth}};
}

}  // namespace

TEST_CASE("every cause says whether it counts towards away, shrinks the window and may be the reading's fault") {
  struct Line {
    Cause cause;
    bool away, shrinks, blames;
  };
  const Line table[] = {
      {Cause::NoConnection, true, true, false}, {Cause::Timeout, true, true, true},
      {Cause::Overload, true, true, false},     {Cause::Gateway, true, false, false},
      {Cause::ServerError, false, false, true}, {Cause::Misconfigured, true, false, true},
  };

  std::set<std::string> names;
  for (const Line& line : table) {
    INFO(to_string(line.cause));
    CHECK(counts_towards_away(line.cause) == line.away);
    CHECK(shrinks_window(line.cause) == line.shrinks);
    CHECK(may_blame_reading(line.cause) == line.blames);
    names.insert(to_string(line.cause));
  }
  CHECK(names.size() == std::size(table));
}

TEST_CASE("Retry-After is held between one second and fifteen minutes") {
  CHECK(clamp_retry_after(Millis::min()) == Millis{1'000});
  CHECK(clamp_retry_after(Millis{-1}) == Millis{1'000});
  CHECK(clamp_retry_after(Millis{0}) == Millis{1'000});
  CHECK(clamp_retry_after(Millis{1'001}) == Millis{1'001});
  CHECK(clamp_retry_after(Millis{900'000}) == Millis{900'000});
  CHECK(clamp_retry_after(Millis{900'001}) == Millis{900'000});
  CHECK(clamp_retry_after(Millis::max()) == Millis{900'000});
}

TEST_CASE("a rest doubles from one minute to fifteen") {
  const RetryPolicy policy;

  CHECK(rest_after(policy, 1, 0) == Millis{60'000});
  CHECK(rest_after(policy, 2, 0) == Millis{120'000});
  CHECK(rest_after(policy, 3, 0) == Millis{240'000});
  CHECK(rest_after(policy, 4, 0) == Millis{480'000});
  CHECK(rest_after(policy, 5, 0) == Millis{900'000});
  CHECK(rest_after(policy, 6, 0) == Millis{900'000});
  CHECK(rest_after(policy, UINT32_MAX, 0) == Millis{900'000});
  CHECK(rest_after(policy, 0, 0) == Millis{60'000});
}

TEST_CASE("chance shortens a rest by up to a quarter") {
  const RetryPolicy policy;

  CHECK(rest_after(policy, 1, 0.5) == Millis{52'500});
  CHECK(rest_after(policy, 1, kAlmostOne) == Millis{45'001});
  CHECK(rest_after(policy, 9, 0.5) == Millis{787'500});
}

TEST_CASE("an answer's timeout doubles to its limit and chance lengthens it by up to a quarter") {
  const Millis first{60'000};
  const Millis max{900'000};

  CHECK(answer_timeout(first, max, 0, 0) == Millis{60'000});
  CHECK(answer_timeout(first, max, 1, 0) == Millis{60'000});
  CHECK(answer_timeout(first, max, 2, 0) == Millis{120'000});
  CHECK(answer_timeout(first, max, 4, 0) == Millis{480'000});
  CHECK(answer_timeout(first, max, 5, 0) == Millis{900'000});
  CHECK(answer_timeout(first, max, UINT32_MAX, 0) == Millis{900'000});
  CHECK(answer_timeout(first, max, 1, 0.5) == Millis{67'500});
  CHECK(answer_timeout(first, max, 1, kAlmostOne) == Millis{74'999});
}

TEST_CASE("doubling never overflows, and nothing doubled stays nothing without counting to four billion") {
  const RetryPolicy huge{
      .attempts = 5, .interval = Millis{1}, .rest_first = Millis::max() / 2 + Millis{1}, .rest_max = Millis::max()};
  const RetryPolicy none{.attempts = 5, .interval = Millis{1}, .rest_first = Millis{0}, .rest_max = Millis{900'000}};

  CHECK(rest_after(huge, 2, 0) == Millis::max());
  CHECK(rest_after(huge, UINT32_MAX, 0) == Millis::max());
  CHECK(rest_after(none, UINT32_MAX, 0) == Millis{0});
}

TEST_CASE("the first rest is never longer than the longest") {
  const RetryPolicy policy{.attempts = 5, .interval = Millis{1}, .rest_first = Millis{50}, .rest_max = Millis{20}};

  CHECK(rest_after(policy, 1, 0) == Millis{20});
  CHECK(answer_timeout(Millis{50}, Millis{20}, 3, 0) == Millis{20});
}

TEST_CASE("a window grows by one per round trip of successes") {
  Window window = window_of(3);

  window.on_success();
  window.on_success();
  CHECK(window.size() == 3);
  window.on_success();
  CHECK(window.size() == 4);
  for (int i = 0; i < 4; ++i) window.on_success();
  CHECK(window.size() == 5);
}

TEST_CASE("a window grows by one per success where it is told to, and never over its limit") {
  Window window = window_of(62, Window::Growth::PerSuccess);

  window.on_success();
  CHECK(window.size() == 63);
  for (int i = 0; i < 1'000; ++i) window.on_success();
  CHECK(window.size() == 64);
}

TEST_CASE("an overload halves the window once for all requests that were out") {
  Window window = window_of(8);

  for (int i = 0; i < 8; ++i) window.on_overload();
  CHECK(window.size() == 4);
  for (int i = 0; i < 4; ++i) window.on_overload();
  CHECK(window.size() == 2);
}

TEST_CASE("successes of requests that were out use up the forgiveness too") {
  Window window = window_of(4);

  window.on_overload();
  for (int i = 0; i < 3; ++i) window.on_success();
  window.on_overload();

  CHECK(window.size() == 1);
}

TEST_CASE("a window never falls below its minimum and starts over at its start") {
  Window window{{.min = 2, .start = 5, .max = 64, .growth = Window::Growth::PerRoundTrip}};

  for (int i = 0; i < 100; ++i) window.on_overload();
  CHECK(window.size() == 2);

  window.start_over();
  CHECK(window.size() == 5);
  window.on_overload();
  CHECK(window.size() == 2);
}

TEST_CASE("a straggler narrows a window by one, unless it was out at the last halving") {
  Window window{{.min = 2, .start = 5, .max = 64, .growth = Window::Growth::PerRoundTrip}};

  window.on_straggler();
  CHECK(window.size() == 4);

  window.on_overload();
  REQUIRE(window.size() == 2);
  window.on_success();
  window.on_success();
  window.on_straggler();
  CHECK(window.size() == 3);
  window.on_straggler();
  window.on_straggler();
  CHECK(window.size() == 2);
}

TEST_CASE("five troubles in a row are away, four are not") {
  Presence presence{Millis{10'000}};

  for (int i = 0; i < 4; ++i) CHECK(presence.on_unavailable(Cause::Gateway, Millis{1}) == Presence::Change::None);
  CHECK_FALSE(presence.away());
  CHECK(presence.in_trouble());
  CHECK(presence.on_unavailable(Cause::Timeout, Millis{7}) == Presence::Change::WentAway);
  CHECK(presence.away());
  CHECK(presence.next_knock() == Millis{10'007});
  CHECK(presence.on_unavailable(Cause::Timeout, Millis{9}) == Presence::Change::None);
}

TEST_CASE("a delivery, a refusal or a plain 500 ends a run of troubles") {
  const auto after_four_troubles_and = [](auto event) {
    Presence presence{Millis{10'000}};
    for (int i = 0; i < 4; ++i) presence.on_unavailable(Cause::NoConnection, Millis{0});
    event(presence);
    presence.on_unavailable(Cause::NoConnection, Millis{0});
    return presence.away();
  };

  CHECK(after_four_troubles_and([](Presence&) {}));
  CHECK_FALSE(after_four_troubles_and([](Presence& presence) { presence.on_delivered(); }));
  CHECK_FALSE(after_four_troubles_and([](Presence& presence) { presence.on_refused(); }));
  CHECK_FALSE(
      after_four_troubles_and([](Presence& presence) { presence.on_unavailable(Cause::ServerError, Millis{0}); }));
}

TEST_CASE("only a delivery ends an absence") {
  Presence presence{Millis{10'000}};
  for (int i = 0; i < 5; ++i) presence.on_unavailable(Cause::Overload, Millis{0});

  presence.on_refused();
  presence.on_unavailable(Cause::ServerError, Millis{0});
  CHECK(presence.away());
  presence.knocked(Millis{30'000});
  CHECK(presence.next_knock() == Millis{40'000});

  CHECK(presence.on_delivered() == Presence::Change::CameBack);
  CHECK_FALSE(presence.away());
  CHECK_FALSE(presence.in_trouble());
  CHECK(presence.on_delivered() == Presence::Change::None);
}

TEST_CASE("twenty refusals in a row are the readings' fault, the twenty-first is the set-up's") {
  RefusalGuard guard;

  for (int i = 0; i < 20; ++i) {
    CHECK(guard.judge({.why = "bad"}) == Outcome{Refused{.why = "bad"}});
    guard.on_refused();
  }
  const Outcome kept = guard.judge({.why = "bad"});
  REQUIRE(std::holds_alternative<Unavailable>(kept));
  CHECK(std::get<Unavailable>(kept).cause == Cause::Misconfigured);
  CHECK(std::get<Unavailable>(kept).why.find("bad") != std::string::npos);
  CHECK(std::get<Unavailable>(kept).retry_after == std::nullopt);
  CHECK(std::holds_alternative<Unavailable>(guard.judge({.why = "bad"})));

  guard.on_delivered();
  CHECK(std::holds_alternative<Refused>(guard.judge({.why = "bad"})));
}
