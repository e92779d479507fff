// An outbox's disk that goes back to an older state, as a restored backup or a snapshot does.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>

#include "tests/fault/kinds/trial.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kAnyMoment{400};

int restorations(Scale scale) { return scale == Scale::Sample ? 3 : 8; }

void copy_database(const fs::path& from, const fs::path& to) {
  for (const char* suffix : {"", "-wal"}) {
    fs::remove(to.string() + suffix);
    if (fs::exists(from.string() + suffix)) fs::copy_file(from.string() + suffix, to.string() + suffix);
  }
}

/// A disk's state of one moment, and how many readings had been told to be accepted by then.
struct Backup {
  fs::path file;
  std::size_t accepted{};
};

Backup back_up(Trial& trial, Publisher& publisher) {
  publisher.process().freeze();
  Backup backup{.file = trial.path("backup"), .accepted = publisher.accepted().size()};
  copy_database(publisher.outbox(), backup.file);
  publisher.process().signal(SIGCONT);
  return backup;
}

/// What was accepted after the backup, and is not at central by now, went with the disk.
void roll_back(Trial& trial, Publisher& publisher, const Backup& backup) {
  publisher.kill();
  std::vector<std::string> accepted = publisher.accepted();
  accepted.erase(accepted.begin(), accepted.begin() + static_cast<std::ptrdiff_t>(backup.accepted));
  trial.forgive(accepted);
  copy_database(backup.file, publisher.outbox());
  publisher.start();
}

Tally rolled_back_round(Random& random, Scale scale) {
  Trial trial;
  trial.start();
  for (int restoration = 0; restoration < restorations(scale); ++restoration) {
    const auto village = static_cast<std::size_t>(between(random, 0, 1));
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const Backup backup = back_up(trial, trial.publishers[village]);
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    roll_back(trial, trial.publishers[village], backup);
    trial.count_faults();
  }
  return trial.conclude();
}

}  // namespace

std::vector<Kind> rolled_back_kinds() {
  return {
      {"roll-back-outbox", "an outbox is replaced by its own state of some time ago", rolled_back_round},
  };
}

}  // namespace solar::test
