#include "tests/bench/parts/figure.hpp"

#include <sys/utsname.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace solar::bench {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 ? "%.0f" : "%.3g", value);
  return text;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string machine() {
  utsname name{};
  ::uname(&name);
  return std::string{name.sysname} + " " + name.release + " " + name.machine;
}

}  // namespace

std::string to_table(const std::vector<Figure>& figures) {
  std::string table = padded("what", 72) + padded("measured", 14) + padded("must be", 18) + "met\n";
  for (const Figure& figure : figures) {
    const std::string bound = std::string{figure.at_least ? ">= " : "<= "} + number(figure.limit) + " " + figure.unit;
    table += padded(figure.what, 72) + padded(number(figure.measured), 14) + padded(bound, 18) +
             (figure.met() ? "yes\n" : "NO\n");
    for (const auto& [name, value] : figure.details) table += "  " + padded(name, 66) + number(value) + "\n";
  }
  return table;
}

void write_json(const std::vector<Figure>& figures, const Scale& scale, const std::filesystem::path& path) {
  nlohmann::ordered_json report;
  report["machine"] = machine();
  report["cores"] = std::thread::hardware_concurrency();
  report["million"] = scale.million;
  report["figures"] = nlohmann::ordered_json::array();
  for (const Figure& figure : figures) {
    nlohmann::ordered_json row{{"name", figure.name}, {"what", figure.what},   {"measured", figure.measured},
                               {"unit", figure.unit}, {"limit", figure.limit}, {"at_least", figure.at_least},
                               {"met", figure.met()}};
    for (const auto& [name, value] : figure.details) row["details"][name] = value;
    report["figures"].push_back(row);
  }
  std::ofstream{path} << report.dump(2) << "\n";
}

}  // namespace solar::bench
