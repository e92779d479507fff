#include "tests/simulation/campaign.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

namespace solar::test {

void Campaign::add(std::uint64_t seed, const HistoryResult& result) {
  ++histories;
  readings += result.readings;
  for (std::size_t i = 0; i < kBites; ++i) bites[i] += result.bites[i];
  if (result.drained_in > longest_drain) {
    longest_drain = result.drained_in;
    longest_drain_seed = seed;
  }
  if (result.violation) failed.push_back(seed);
}

void Campaign::add(const Campaign& other) {
  histories += other.histories;
  readings += other.readings;
  for (std::size_t i = 0; i < kBites; ++i) bites[i] += other.bites[i];
  if (other.longest_drain > longest_drain) {
    longest_drain = other.longest_drain;
    longest_drain_seed = other.longest_drain_seed;
  }
  failed.insert(failed.end(), other.failed.begin(), other.failed.end());
  seconds = std::max(seconds, other.seconds);
}

Campaign run_campaign(std::uint64_t first, std::uint64_t count, std::uint64_t jobs, Model model, const GoOn& go_on) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Campaign> campaigns(jobs);
  std::vector<std::thread> threads;
  for (std::uint64_t job = 0; job < jobs; ++job) {
    threads.emplace_back([&, job] {
      Campaign& campaign = campaigns[job];
      for (std::uint64_t seed = first + job; seed < first + count; seed += jobs) {
        campaign.add(seed, run_history(plan_of(seed), model, Journal::Text::None));
        campaign.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        if (!go_on(job, campaign)) break;
      }
    });
  }
  Campaign all;
  for (std::uint64_t job = 0; job < jobs; ++job) {
    threads[job].join();
    all.add(campaigns[job]);
  }
  return all;
}

std::string readable(std::uint64_t seed, Model model) {
  const HistoryResult result = run_history(plan_of(seed), model, Journal::Text::Last);
  std::string text = "seed " + std::to_string(seed) + ": ";
  text += result.violation ? "VIOLATION " + *result.violation : std::string{"nothing wrong"};
  text += "\nrepeat with: ./dev simulate --seed " + std::to_string(seed) + " --histories 1 --verbose";
  if (model != Model::Right) text += std::string{" --model "} + to_string(model);
  text += "\n";
  if (result.lines_dropped > 0) text += "  .. " + std::to_string(result.lines_dropped) + " lines before\n";
  for (const std::string& line : result.lines) text += line + "\n";
  return text + result.summary;
}

std::string bites_text(const BiteCounts& bites) {
  std::string text;
  for (std::size_t i = 0; i < kBites; ++i) {
    std::array<char, 80> line{};
    std::snprintf(line.data(), line.size(), "%12llu  %s\n", static_cast<unsigned long long>(bites[i]),
                  to_string(static_cast<Bite>(i)));
    text += line.data();
  }
  return text;
}

}  // namespace solar::test
