#include "shared/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cassert>
#include <sstream>
#include <utility>

namespace solar {

namespace {

prometheus::MetricType type_of(Metrics::Type type) {
  switch (type) {
    case Metrics::Type::Counter:
      return prometheus::MetricType::Counter;
    case Metrics::Type::Gauge:
      return prometheus::MetricType::Gauge;
    case Metrics::Type::Histogram:
      break;
  }
  return prometheus::MetricType::Histogram;
}

prometheus::ClientMetric metric_of(const Metrics::Sample& sample, Metrics::Type type) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  if (type == Metrics::Type::Counter) metric.counter.value = sample.value;
  if (type == Metrics::Type::Gauge) metric.gauge.value = sample.value;
  if (type != Metrics::Type::Histogram) return metric;
  metric.histogram.sample_sum = sample.value;
  metric.histogram.sample_count = sample.count;
  for (const auto& [bound, count] : sample.buckets) metric.histogram.bucket.push_back({count, bound});
  return metric;
}

}  // namespace

Metrics::Family& Metrics::add(std::string_view name, std::string_view help, Type type, Sample sample) {
  Family& family = families_.emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
  family.samples.push_back(std::move(sample));
  return family;
}

void Metrics::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  assert(name.ends_with("_total"));
  add(name, help, Type::Counter, {.labels = {}, .value = static_cast<double>(value), .buckets = {}, .count = 0});
}

void Metrics::gauge(std::string_view name, std::string_view help, double value) {
  add(name, help, Type::Gauge, {.labels = {}, .value = value, .buckets = {}, .count = 0});
}

void Metrics::counters(std::string_view name, std::string_view help, std::string_view label,
                       std::span<const std::pair<std::string, std::uint64_t>> values) {
  assert(name.ends_with("_total"));
  Family& family = add(name, help, Type::Counter, {});
  family.samples.clear();
  for (const auto& [text, value] : values) {
    family.samples.push_back(
        {.labels = {{std::string{label}, text}}, .value = static_cast<double>(value), .buckets = {}, .count = 0});
  }
}

void Metrics::info(std::string_view name, std::string_view help, std::vector<Label> labels) {
  add(name, help, Type::Gauge, {.labels = std::move(labels), .value = 1, .buckets = {}, .count = 0});
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(families_.size());
  for (const Family& family : families_) {
    prometheus::MetricFamily& one = families.emplace_back();
    one.name = family.name;
    one.help = family.help;
    one.type = type_of(family.type);
    for (const Sample& sample : family.samples) one.metric.push_back(metric_of(sample, family.type));
  }
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, families);
  return std::move(text).str();
}

}  // namespace solar
