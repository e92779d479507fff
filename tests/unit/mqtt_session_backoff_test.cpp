#include "shared/mqtt_session_backoff.hpp"

#include "tests/support/catch.hpp"

using namespace solar;
using mqtt_session::Backoff;

namespace {

constexpr Backoff::Limits kLimits{Millis{1'000}, Millis{60'000}, Millis{40'000}};
constexpr Millis kLong = Backoff::kSettled;

}  // namespace

TEST_CASE("the wait after a failed try doubles up to its maximum") {
  Backoff backoff{kLimits};

  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60}) CHECK(backoff.after_failure(0.0) == Millis{seconds * 1'000});
}

TEST_CASE("chance takes up to a quarter from the wait after a failed try") {
  Backoff backoff{kLimits};

  CHECK(backoff.after_failure(0.5) == Millis{875});
  CHECK(backoff.after_failure(1.0) == Millis{1'500});
}

TEST_CASE("the first try after a lost connection waits a random part of the spread") {
  Backoff backoff{kLimits};

  CHECK(backoff.after_loss(kLong, 0.0) == Millis{0});
  CHECK(backoff.after_loss(kLong, 0.25) == Millis{10'000});
}

TEST_CASE("a connection that lasted makes the next wait short again") {
  Backoff backoff{kLimits};
  static_cast<void>(backoff.after_failure(0.0));
  static_cast<void>(backoff.after_failure(0.0));

  static_cast<void>(backoff.after_loss(kLong, 0.0));

  CHECK(backoff.after_failure(0.0) == Millis{1'000});
}

TEST_CASE("connections that end at once are tried ever more rarely, also without a spread") {
  Backoff backoff{{Millis{1'000}, Millis{60'000}, Millis{0}}};

  CHECK(backoff.after_loss(Millis{5}, 0.0) == Millis{1'000});
  CHECK(backoff.after_loss(Millis{5}, 0.0) == Millis{2'000});
  CHECK(backoff.after_loss(Millis{5}, 0.0) == Millis{4'000});
}

TEST_CASE("the wait never overflows, however many tries failed") {
  Backoff backoff{{Millis{1}, Millis::max() / 4, Millis{0}}};

  auto wait = Millis{0};
  for (int i = 0; i < 200; ++i) wait = backoff.after_failure(0.0);

  CHECK(wait == Millis::max() / 4);
}
