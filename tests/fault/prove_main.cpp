// prove: breaks real processes in every way there is, for as long as one likes, and counts what was lost.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault/kinds/kind.hpp"

namespace solar::test {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

struct Plan {
  double minutes{};
  int rounds{};
  std::vector<std::string> kinds;
  std::uint64_t seed{1};
  bool sample{};
  bool until_bad{};
};

struct Line {
  Kind kind;
  Tally tally;
  int rounds{};
  int bad_rounds{};
  std::string obstacle;
};

std::vector<Line> chosen(const Plan& plan) {
  std::vector<Line> lines;
  for (Kind& kind : all_kinds()) {
    if (!plan.kinds.empty() && std::ranges::find(plan.kinds, kind.name) == plan.kinds.end()) continue;
    std::string obstacle = kind.obstacle == nullptr ? std::string{} : kind.obstacle();
    lines.push_back(
        {.kind = std::move(kind), .tally = {}, .rounds = 0, .bad_rounds = 0, .obstacle = std::move(obstacle)});
  }
  return lines;
}

std::string command_for(const Line& line, std::uint64_t seed) {
  return "prove --kind " + line.kind.name + " --rounds 1 --seed " + std::to_string(seed);
}

Tally play(const Line& line, std::uint64_t seed, Scale scale) {
  Random random{seed};
  try {
    return line.kind.round(random, scale);
  } catch (const std::exception& error) {
    Tally broken;
    broken.complaints.emplace_back(std::string{"the round could not be played: "} + error.what());
    return broken;
  }
}

/// One round; whether it was good.
bool round(Line& line, const Plan& plan) {
  const std::uint64_t seed = plan.seed + static_cast<std::uint64_t>(line.rounds);
  const auto begin = steady_clock::now();
  const Tally tally = play(line, seed, plan.sample ? Scale::Sample : Scale::Full);
  ++line.rounds;
  std::printf("%-24s seed %-6llu %5.1f s  %4llu faults %6llu accepted %4llu lost %5llu duplicates, drained in %.1f s\n",
              line.kind.name.c_str(), static_cast<unsigned long long>(seed),
              duration<double>(steady_clock::now() - begin).count(), static_cast<unsigned long long>(tally.faults),
              static_cast<unsigned long long>(tally.accepted), static_cast<unsigned long long>(tally.lost),
              static_cast<unsigned long long>(tally.duplicates), duration<double>(tally.longest_drain).count());
  if (!tally.good()) {
    ++line.bad_rounds;
    for (const std::string& complaint : tally.complaints) std::printf("  BAD: %s\n", complaint.c_str());
    std::printf("  again: %s\n", command_for(line, seed).c_str());
  }
  std::fflush(stdout);
  line.tally += tally;
  return tally.good();
}

/// All kinds in turn; false: one round was bad and the plan ends there.
bool turn(std::vector<Line>& lines, const Plan& plan, const std::optional<steady_clock::time_point>& end) {
  for (Line& line : lines) {
    if (!line.obstacle.empty()) continue;
    if (end && steady_clock::now() >= *end) return true;
    if (!round(line, plan) && plan.until_bad) return false;
  }
  return true;
}

void run(std::vector<Line>& lines, const Plan& plan) {
  std::optional<steady_clock::time_point> end;
  if (plan.minutes > 0) {
    end = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(duration<double>(plan.minutes * 60));
  }
  for (int turns = 0; end ? steady_clock::now() < *end : turns < plan.rounds; ++turns) {
    if (!turn(lines, plan, end)) return;
  }
}

void print_table(const std::vector<Line>& lines) {
  std::printf(
      "\n| kind | rounds | faults | accepted | delivered | lost | duplicates | longest drain |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const Line& line : lines) {
    if (!line.obstacle.empty()) {
      std::printf("| %s | not played: %s | | | | | | |\n", line.kind.name.c_str(), line.obstacle.c_str());
      continue;
    }
    const Tally& tally = line.tally;
    std::printf("| %s | %d | %llu | %llu | %llu | %llu | %llu | %.1f s |\n", line.kind.name.c_str(), line.rounds,
                static_cast<unsigned long long>(tally.faults), static_cast<unsigned long long>(tally.accepted),
                static_cast<unsigned long long>(tally.delivered), static_cast<unsigned long long>(tally.lost),
                static_cast<unsigned long long>(tally.duplicates), duration<double>(tally.longest_drain).count());
  }
}

int verdict(const std::vector<Line>& lines) {
  int bad = 0;
  int played = 0;
  for (const Line& line : lines) {
    bad += line.bad_rounds;
    played += line.rounds;
  }
  std::printf("\n%d rounds, %d bad\n", played, bad);
  return bad > 0 || played == 0 ? 1 : 0;
}

int list() {
  for (const Kind& kind : all_kinds()) std::printf("%-24s %s\n", kind.name.c_str(), kind.what.c_str());
  return 0;
}

}  // namespace
}  // namespace solar::test

int main(int argc, char** argv) {
  using namespace solar::test;
  Plan plan;
  bool only_list = false;
  CLI::App app{
      "Breaks publishers, forwarders, broker, central, disks, links and clocks while readings flow, and compares what\n"
      "was accepted with what central has. Exit code 1 if anything was lost or is otherwise wrong."};
  app.add_option("--minutes", plan.minutes, "all kinds in turn, for so long");
  app.add_option("--rounds", plan.rounds, "or so many rounds of each kind");
  app.add_option("--kind", plan.kinds, "only this kind; may be repeated");
  app.add_option("--seed", plan.seed, "of each kind's first round; the next has the next")->capture_default_str();
  app.add_flag("--sample", plan.sample, "small rounds, as in ./dev test");
  app.add_flag("--until-bad", plan.until_bad, "stop at the first bad round");
  app.add_flag("--list", only_list, "name the kinds");
  CLI11_PARSE(app, argc, argv);
  if (only_list) return list();
  if (plan.minutes <= 0 && plan.rounds <= 0) plan.rounds = 1;
  std::vector<Line> lines = chosen(plan);
  if (lines.size() < std::max<std::size_t>(plan.kinds.size(), 1)) {
    std::cerr << "prove: one of the kinds is none; --list names them\n";
    return 2;
  }
  run(lines, plan);
  print_table(lines);
  return verdict(lines);
}
