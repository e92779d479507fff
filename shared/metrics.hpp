// Numbers as Prometheus reads them. metrics.cpp is the only file that knows prometheus-cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/clock.hpp"
#include "shared/histogram.hpp"
#include "shared/queue.hpp"

namespace solar {

/// The metrics of one scrape, in the order in which they were added. docs/metrics.md says what each is for.
class Metrics {
 public:
  using Label = std::pair<std::string, std::string>;
  enum class Type { Counter, Gauge, Histogram };

  struct Sample {
    std::vector<Label> labels;
    double value{};
    std::vector<std::pair<double, std::uint64_t>> buckets;  ///< of a histogram: bound, values up to it
    std::uint64_t count{};                                  ///< of a histogram
  };
  struct Family {
    std::string name;
    std::string help;
    Type type{};
    std::vector<Sample> samples;
  };

  /// REQUIRES: `name` ends in _total.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, double value);
  /// One metric with a sample for each value of a label: only where the values are few and known beforehand.
  void counters(std::string_view name, std::string_view help, std::string_view label,
                std::span<const std::pair<std::string, std::uint64_t>> values);
  /// Always 1; says in its labels what cannot be a number.
  void info(std::string_view name, std::string_view help, std::vector<Label> labels);

  template <const auto& Bounds>
  void histogram(std::string_view name, std::string_view help, const Histogram<Bounds>& values) {
    Sample sample{.labels = {}, .value = values.sum, .buckets = {}, .count = 0};
    for (std::size_t i = 0; i < values.kBounds; ++i) {
      sample.count += values.counts[i];
      sample.buckets.emplace_back(Bounds[i], sample.count);
    }
    sample.count += values.counts[values.kBounds];
    add(name, help, Type::Histogram, std::move(sample));
  }

  /// The text format, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  Family& add(std::string_view name, std::string_view help, Type type, Sample sample);
  std::vector<Family> families_;
};

/// What both programs tell of their queue; `name` is "solar_forwarder_inbox" or "solar_publisher_outbox".
void add_queue(Metrics& metrics, const std::string& name, const QueueStats& stats, Millis wall);

/// When a process started, by its present clock: always the same, except where the clock has been set since.
class StartTime {
 public:
  explicit StartTime(Now started) : started_{started} {}
  [[nodiscard]] Millis wall(Now now) {
    const Millis wall = now.wall - (now.steady - started_.steady);
    if (std::chrono::abs(wall - started_.wall) >= kClockWasSet) started_.wall = wall;
    return started_.wall;
  }

 private:
  static constexpr Millis kClockWasSet{2'000};  ///< the two clocks are read one after the other
  Now started_;
};

/// What both programs tell of their process, under the names that every program uses. `started` is wall clock.
void add_process(Metrics& metrics, Millis started);

/// Name and version of the libraries that shared/ runs with, for labels.
[[nodiscard]] std::vector<Metrics::Label> library_versions();

}  // namespace solar
