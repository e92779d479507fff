// The program `simulate`.
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <optional>

#include "tests/simulation/campaign.hpp"

namespace solar::test {

namespace {

constexpr const char* kUsage =
    "usage: simulate [--histories N] [--seed FIRST] [--jobs J] [--model NAME] [--verbose]\n"
    "\n"
    "  --histories N  how many; default 1000\n"
    "  --seed FIRST   of the first one, the others follow; default 1\n"
    "  --jobs J       threads; default 1\n"
    "  --model NAME   a world that is broken on purpose: deletes-on-puback, forgets-on-crash, new-id-at-resend,\n"
    "                 receipts-before-central, acks-before-commit, ids-start-again\n"
    "  --verbose      prints everything that happens\n"
    "\n"
    "The exit status is 1 if something happened that must not.\n";
constexpr double kProgressSeconds = 10;

struct Arguments {
  std::uint64_t histories{1'000};
  std::uint64_t seed{1};
  std::uint64_t jobs{1};
  Model model{Model::Right};
  bool verbose{};
};

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Model> model_of(const std::string& text) {
  if (text == to_string(Model::Right)) return Model::Right;
  for (const Model model : kBrokenModels) {
    if (text == to_string(model)) return model;
  }
  return std::nullopt;
}

std::optional<Arguments> parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--verbose") {
      arguments.verbose = true;
      continue;
    }
    if (i + 1 == words.size()) return std::nullopt;
    const std::string& name = words[i];
    const std::string& value = words[++i];
    if (name == "--model") {
      const auto model = model_of(value);
      if (!model) return std::nullopt;
      arguments.model = *model;
      continue;
    }
    const auto number = number_of(value);
    if (!number) return std::nullopt;
    if (name == "--histories") {
      arguments.histories = *number;
    } else if (name == "--seed") {
      arguments.seed = *number;
    } else if (name == "--jobs" && *number > 0) {
      arguments.jobs = *number;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

int run_verbose(const Arguments& arguments) {
  bool failed = false;
  for (std::uint64_t i = 0; i < arguments.histories; ++i) {
    const std::uint64_t seed = arguments.seed + i;
    const HistoryResult result = run_history(plan_of(seed), arguments.model, Journal::Text::Printed);
    std::printf("seed %llu: %s\n%s%llu readings, drained %llu s after healing, hash %016llx\n",
                static_cast<unsigned long long>(seed),
                result.violation ? ("VIOLATION " + *result.violation).c_str() : "nothing wrong", result.summary.c_str(),
                static_cast<unsigned long long>(result.readings),
                static_cast<unsigned long long>(result.drained_in.count() / 1'000),
                static_cast<unsigned long long>(result.hash));
    failed = failed || result.violation;
  }
  return failed ? 1 : 0;
}

/// What one job has told so far.
struct Progress {
  double seconds{};
  std::size_t failed{};
};

void tell(std::uint64_t job, const Campaign& so_far, Progress& told, Model model) {
  for (; told.failed < so_far.failed.size(); ++told.failed) {
    std::printf("%s\n", readable(so_far.failed[told.failed], model).c_str());
  }
  if (so_far.seconds - told.seconds < kProgressSeconds) return;
  told.seconds = so_far.seconds;
  std::printf("job %llu: %llu histories, %.1f/s, %zu failed\n", static_cast<unsigned long long>(job),
              static_cast<unsigned long long>(so_far.histories), static_cast<double>(so_far.histories) / so_far.seconds,
              so_far.failed.size());
  std::fflush(stdout);
}

}  // namespace

int simulate(const std::vector<std::string>& words) {
  const auto arguments = parse(words);
  if (words == std::vector<std::string>{"--help"}) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (!arguments) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (arguments->verbose) return run_verbose(*arguments);
  std::vector<Progress> told(arguments->jobs);
  const Campaign all = run_campaign(arguments->seed, arguments->histories, arguments->jobs, arguments->model,
                                    [&](std::uint64_t job, const Campaign& so_far) {
                                      tell(job, so_far, told[job], arguments->model);
                                      return true;
                                    });
  std::printf("%s", bites_text(all.bites).c_str());
  std::printf("%llu histories in %.1f s (%.1f/s), %llu readings, longest drain %llu s (seed %llu), %zu failed\n",
              static_cast<unsigned long long>(all.histories), all.seconds,
              static_cast<double>(all.histories) / all.seconds, static_cast<unsigned long long>(all.readings),
              static_cast<unsigned long long>(all.longest_drain.count() / 1'000),
              static_cast<unsigned long long>(all.longest_drain_seed), all.failed.size());
  for (const std::uint64_t seed : all.failed) std::printf("failed: seed %llu\n", static_cast<unsigned long long>(seed));
  return all.failed.empty() ? 0 : 1;
}

}  // namespace solar::test
