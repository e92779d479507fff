// Errors of a disk: calls that fail, and writes that write a part, by libfiu within the programs.
#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "tests/fault/kinds/bites.hpp"
#include "tests/fault/kinds/trial.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnyMoment{200};
constexpr std::array kPreloaded{"/usr/lib/fiu/fiu_run_preload.so", "/usr/lib/fiu/fiu_posix_preload.so"};
constexpr const char* kDatabaseFailed = "the database failed; ending";

int deaths(Scale scale) { return scale == Scale::Sample ? 4 : 16; }

struct Point {
  const char* name;
  int at_most_per_mille;  ///< calls that fail; a commit makes many of some of them
};

// Only what a database does: sockets and pipes are written to by other calls. It reads little: its pages are in memory.
constexpr std::array kPoints{Point{"posix/io/rw/pwrite", 60}, Point{"posix/io/sync/fdatasync", 300},
                             Point{"posix/io/sync/fsync", 300}, Point{"posix/io/rw/pread", 100}};

constexpr int kEio = 5;

std::string failing(const Point& point, Random& random) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "enable_random name=%s,probability=0.%03d,failinfo=%d\n", point.name,
                between(random, point.at_most_per_mille / 3, point.at_most_per_mille), kEio);
  return text.data();
}

/// Calls that fail now and then; and many short writes, which are legal and must not matter.
Environment faulty_disk(Random& random) {
  std::string enable = "enable_random name=posix/io/rw/pwrite/reduce,probability=0.1\n";
  enable += failing(kPoints.at(static_cast<std::size_t>(between(random, 0, 1))), random);
  enable += failing(kPoints.at(static_cast<std::size_t>(between(random, 2, 3))), random);
  return {{"LD_PRELOAD", std::string{kPreloaded[0]} + " " + kPreloaded[1]}, {"FIU_ENABLE", enable}};
}

template <class Program>
void restart(Program& program, Environment environment) {
  program.kill();
  program.options().environment = std::move(environment);
  program.start();
}

template <>
void restart(Forwarder& forwarder, Environment environment) {
  forwarder.kill();
  forwarder.options().environment = std::move(environment);
  forwarder.start_without_waiting();
}

/// Until so many have ended by themselves; each starts again with other calls that fail.
template <class Programs>
void let_die(Trial& trial, Programs& programs, Random& random, int times, const std::function<void()>& feed) {
  int ended = 0;
  const auto enough = [&] {
    feed();
    at_any_moment(random, kAnyMoment);
    for (auto& program : programs) program.options().environment = faulty_disk(random);
    const int now = trial.revive();
    trial.count_faults(now);
    ended += now;
    return ended >= times;
  };
  for (auto& program : programs) restart(program, faulty_disk(random));
  if (!eventually(enough)) trial.complain("errors of the disk end nobody");
  for (auto& program : programs) restart(program, {});
}

Tally outbox_round(Random& random, Scale scale) {
  Trial trial{{.supervised = true}};
  trial.start();
  trial.feed(50);
  if (!trial.publishers[0].accepts(50)) trial.complain("nothing is accepted by a whole disk");
  let_die(trial, trial.publishers, random, deaths(scale), [&] { trial.feed(between(random, 1, 100)); });
  complain_if_toothless(trial, publisher_logs(trial), {kDatabaseFailed});
  return trial.conclude();
}

Tally inbox_round(Random& random, Scale scale) {
  // With NORMAL a forwarder seldom syncs.
  Trial trial{{.forwarder_extra = {"--synchronous", "FULL"}, .supervised = true}};
  trial.start();
  let_die(trial, trial.forwarders, random, deaths(scale), [&] {
    trial.feed(between(random, 1, 100));
    trial.feed_plain(between(random, 1, 50));
  });
  complain_if_toothless(trial, forwarder_logs(trial), {kDatabaseFailed});
  return trial.conclude();
}

std::string fiu_obstacle() {
  for (const char* library : kPreloaded) {
    if (!std::filesystem::exists(library)) return std::string{library} + " is missing (package fiu-utils)";
  }
  return {};
}

}  // namespace

std::vector<Kind> io_error_kinds() {
  return {
      {"io-errors-outbox", "the outboxes' reads, writes and syncs fail with EIO, and many writes are short",
       outbox_round, fiu_obstacle},
      {"io-errors-inbox", "the same for the inboxes, plain readings among what they hold", inbox_round, fiu_obstacle},
  };
}

}  // namespace solar::test
