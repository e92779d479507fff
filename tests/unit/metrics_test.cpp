#include "shared/metrics.hpp"

#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/courier_world.hpp"

using namespace solar;
using namespace solar::test;

namespace {

constexpr std::array kBounds{1.0, 5.0};

}  // namespace

TEST_CASE("a value counts up to the first bound that is not smaller") {
  Histogram<kBounds> sizes;

  for (const double value : {0.0, 1.0, 1.5, 5.0, 5.1, 1e9}) sizes.observe(value);

  CHECK(sizes.counts == std::array<std::uint64_t, 3>{2, 2, 2});
  CHECK(sizes.sum == 0.0 + 1.0 + 1.5 + 5.0 + 5.1 + 1e9);
}

TEST_CASE("metrics are written as Prometheus reads them") {
  Histogram<kBounds> sizes;
  sizes.observe(3);
  sizes.observe(7);
  const std::vector<std::pair<std::string, std::uint64_t>> reasons{{"timeout", 2}, {"overload", 0}};
  Metrics metrics;

  metrics.info("a_info", "Who.", {{"version", "1\"2"}});
  metrics.counter("b_total", "How many.", 12'345'678'901);
  metrics.gauge("c", "Now.", 0.5);
  metrics.counters("d_total", "Why.", "reason", reasons);
  metrics.histogram("e", "How large.", sizes);

  CHECK(metrics.text() ==
        "# HELP a_info Who.\n# TYPE a_info gauge\na_info{version=\"1\\\"2\"} 1\n"
        "# HELP b_total How many.\n# TYPE b_total counter\nb_total 12345678901\n"
        "# HELP c Now.\n# TYPE c gauge\nc 0.5\n"
        "# HELP d_total Why.\n# TYPE d_total counter\nd_total{reason=\"timeout\"} 2\nd_total{reason=\"overload\"} 0\n"
        "# HELP e How large.\n# TYPE e histogram\ne_count 2\ne_sum 10\n"
        "e_bucket{le=\"1\"} 0\ne_bucket{le=\"5\"} 1\ne_bucket{le=\"+Inf\"} 2\n");
}

TEST_CASE("the start of a process stays where it was, unless the clock is set") {
  StartTime start{{.steady = Millis{1'000}, .wall = Millis{50'000}}};

  CHECK(start.wall({.steady = Millis{2'000}, .wall = Millis{51'001}}) == Millis{50'000});
  CHECK(start.wall({.steady = Millis{3'000}, .wall = Millis{51'999}}) == Millis{50'000});
  CHECK(start.wall({.steady = Millis{4'000}, .wall = Millis{1'753'000}}) == Millis{1'750'000});
  CHECK(start.wall({.steady = Millis{5'000}, .wall = Millis{1'754'001}}) == Millis{1'750'000});
}

TEST_CASE("every cause has a word of its own, and there are as many as are counted") {
  std::set<std::string> words;
  for (std::size_t cause = 0; cause < kCauses; ++cause) words.insert(to_string(static_cast<Cause>(cause)));

  CHECK(words.size() == kCauses);
  CHECK_FALSE(words.contains("unknown"));
  CHECK(std::string{to_string(static_cast<Cause>(kCauses))} == "unknown");
}

TEST_CASE("the courier counts what a delivery took: attempts, the last answer's time, its age") {
  CourierWorld world{rounds_policy()};
  int answers = 0;
  world.sink.script = [&](const Parcel&) {
    return std::optional{++answers < 3 ? unavailable(Cause::ServerError, Millis{100}) : delivered(Millis{2'000})};
  };

  world.accept_now({plain("Bamenda", 1)});
  world.run_for(30 * kSecond);

  const CourierStats stats = world.stats();
  CHECK(stats.delivered == 1);
  CHECK(stats.unavailable.at(static_cast<std::size_t>(Cause::ServerError)) == 2);
  CHECK(stats.attempts.sum == 3);
  CHECK(stats.answer_seconds.sum == 2);
  CHECK(stats.age_seconds.sum == Approx(2 * 10.1 + 2));
}

TEST_CASE("attempts of rounds that failed count too") {
  CourierWorld world{rounds_policy()};
  int answers = 0;
  world.sink.script = [&](const Parcel&) {
    return std::optional{++answers <= 6 ? unavailable(Cause::ServerError) : delivered()};
  };

  world.accept_now({plain("Bamenda", 1)});
  world.run_for(5 * kMinute);

  CHECK(world.stats().delivered == 1);
  CHECK(world.stats().attempts.sum == 7);
}

TEST_CASE("a publisher's courier counts how long receipts take") {
  CourierWorld world{receipts_policy()};
  world.sink.script = [](const Parcel&) { return std::optional{delivered(Millis{3'000})}; };

  world.accept_now({plain("Bamenda", 1), plain("Bamenda", 2)});
  world.run_for(10 * kSecond);

  CHECK(world.stats().attempts.sum == 2);
  CHECK(world.stats().answer_seconds.sum == Approx(6));
  CHECK(world.stats().age_seconds.sum == Approx(6));
}

TEST_CASE("a clock that was set back makes no age negative") {
  CourierWorld world{rounds_policy()};
  world.accept_now({plain("Bamenda", 1)});

  world.now.wall -= 60 * kMinute;
  world.run_for(kSecond);

  CHECK(world.stats().delivered == 1);
  CHECK(world.stats().age_seconds.sum == 0);
}
