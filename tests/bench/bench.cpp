// bench: measures what the project promises about speed and size, on real processes, and prints it as a table and as
// JSON. Ratios are taken in one run, both sides in turns; the medians count.
#include "tests/support/process.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/parts/parts.hpp"

namespace {

using solar::bench::Figure;
using solar::bench::Scale;

struct Part {
  const char* name;
  std::vector<Figure> (*measure)(const Scale&);
};

constexpr Part kParts[]{{"relay", solar::bench::measure_relay},      {"latency", solar::bench::measure_latency},
                        {"inbox", solar::bench::measure_full_inbox}, {"outbox", solar::bench::measure_full_outbox},
                        {"link", solar::bench::measure_link},        {"quiet", solar::bench::measure_quiet_publisher}};

bool wanted(const std::vector<std::string>& only, const std::string& name) {
  return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

}  // namespace

int main(int argc, char** argv) {
  std::string json{"bench.json"};
  std::vector<std::string> only;
  bool quick = false;
  CLI::App app{
      "Measures speed and size on real processes. Exit 0: every figure is met; 1: one is not; 2: a measurement "
      "failed."};
  app.add_option("--json", json, "where the figures go as JSON")->capture_default_str();
  app.add_option("--only", only, "some of relay, latency, inbox, outbox, link, quiet")->delimiter(',');
  app.add_flag("--quick", quick, "a tenth of everything: shows that the bench works, its figures mean little");
  CLI11_PARSE(app, argc, argv);
  const Scale scale = quick ? Scale{100'000, 20'000, 1, 3, 5'000, 100} : Scale{};
  std::vector<Figure> figures;
  bool failed = false;
  for (const Part& part : kParts) {
    if (!wanted(only, part.name)) continue;
    std::cerr << "measuring " << part.name << "..." << std::endl;
    try {
      for (Figure& figure : part.measure(scale)) figures.push_back(std::move(figure));
    } catch (const std::exception& error) {
      std::cerr << "bench: " << part.name << ": " << error.what() << std::endl;
      failed = true;
    }
  }
  std::cout << solar::bench::to_table(figures);
  solar::bench::write_json(figures, scale, json);
  if (failed) return 2;
  return std::all_of(figures.begin(), figures.end(), [](const Figure& figure) { return figure.met(); }) ? 0 : 1;
}
