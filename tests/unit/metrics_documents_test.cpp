// docs/metrics.md and the alerts against what /metrics really prints.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "forwarder/condition.hpp"
#include "publisher/condition.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

namespace solar {
namespace {

using Names = std::set<std::string>;

std::string text_of(const std::string& file) {
  std::ifstream in{std::filesystem::path{SOLAR_SOURCE_DIR} / file};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The first group of every match.
Names found(const std::string& text, const std::string& pattern) {
  Names names;
  const std::regex regex{pattern};
  for (std::sregex_iterator match{text.begin(), text.end(), regex}, end; match != end; ++match) {
    names.insert((*match)[1]);
  }
  return names;
}

Names printed(const std::string& metrics) { return found(metrics, "# TYPE ([a-z_]+) "); }

std::string forwarder_metrics() {
  const test::Room room;
  const SystemClock clock;
  ForwarderConfig config;
  config.inbox_path = room.database().string();
  Queue queue{room.options(1)};
  const Relay relay{config, queue, clock};
  return metrics_text(relay, config, clock.now(), clock.now().wall);
}

std::string publisher_metrics() {
  const test::Room room;
  const SystemClock clock;
  PublisherConfig config;
  config.origin.village = "Bamenda";
  config.outbox_path = room.database().string();
  Queue queue{room.options(1)};
  Station station{config, queue, clock};
  return metrics_text(station, clock.now(), clock.now().wall);
}

Names all_printed() {
  Names names = printed(forwarder_metrics());
  names.merge(printed(publisher_metrics()));
  return names;
}

const Names kNone;

Names without(Names names, const Names& others) {
  for (const std::string& name : others) names.erase(name);
  return names;
}

}  // namespace

TEST_CASE("docs/metrics.md has every metric that is printed, and no other") {
  const Names documented = found(text_of("docs/metrics.md"), "\n\\| `([a-z_]+)` \\|");

  CHECK(without(all_printed(), documented) == kNone);
  CHECK(without(documented, all_printed()) == kNone);
}

TEST_CASE("docs/metrics.md gives every metric its type") {
  const std::string both = forwarder_metrics() + publisher_metrics();
  const std::string document = text_of("docs/metrics.md");

  for (const std::string& name : all_printed()) {
    const Names type = found(both, "# TYPE " + name + " ([a-z]+)\n");
    CHECK(document.find("| `" + name + "` | " + *type.begin() + " |") != std::string::npos);
  }
}

TEST_CASE("alerts and questions use only metrics that are printed") {
  CHECK(text_of("k8s/monitoring/prometheusrule.yaml").find("solar_forwarder_member") != std::string::npos);
  for (const char* file : {"k8s/monitoring/prometheusrule.yaml", "docs/metrics.md", "docs/operations.md"}) {
    INFO(file);
    Names used;
    for (const std::string& name : found(text_of(file), "\\b(solar_(?:forwarder|publisher)_[a-z_]+)")) {
      used.insert(std::regex_replace(name, std::regex{"_seconds_(bucket|count|sum)$|_(bucket|count|sum)$"},
                                     name.find("_seconds_") == std::string::npos ? "" : "_seconds"));
    }
    CHECK(without(used, all_printed()) == kNone);
  }
}

TEST_CASE("names follow Prometheus' conventions: counters end in _total, units are base units, and nothing grows") {
  const std::string both = forwarder_metrics() + publisher_metrics();

  for (const std::string& name : found(both, "# TYPE ([a-z_]+) counter")) CHECK(name.ends_with("_total"));
  for (const std::string& name : found(both, "# TYPE ([a-z_]+) (?:gauge|histogram)")) {
    CHECK_FALSE(name.ends_with("_total"));
  }
  for (const std::string& name : all_printed()) {
    CHECK_FALSE(std::regex_search(name, std::regex{"_(ms|millis|mib|kib|percent)$"}));
  }
  CHECK(found(both, "[{,]([a-z_]+)=\"") == Names{"curl", "le", "paho", "reason", "sqlite", "version"});
}

TEST_CASE("every counter exists from the first scrape, at 0") {
  const std::string both = forwarder_metrics() + publisher_metrics();

  for (const std::string& name : found(both, "# TYPE ([a-z_]+) counter")) {
    CHECK(std::regex_search(both, std::regex{"\n" + name + "(\\{[^}]*\\})? 0\n"}));
  }
}

}  // namespace solar
