// A power cut: what a program had not synced is gone, and the file system comes back by its journal.
#include <thread>

#include "tests/fault/kinds/bites.hpp"
#include "tests/fault/kinds/trial.hpp"
#include "tests/support/loop_disk.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kOutboxDisk = 48 * kMiB;
constexpr std::uint64_t kInboxDisk = 96 * kMiB;  // a forwarder subscribes where 32 MiB are free

int cuts(Scale scale) { return scale == Scale::Sample ? 3 : 10; }

/// Reading by reading, so that there are many commits, up to the moment at which this returns.
void feed_one_by_one(Trial& trial, Random& random) {
  const auto end = std::chrono::steady_clock::now() + milliseconds{between(random, 100, 600)};
  while (std::chrono::steady_clock::now() < end) {
    trial.feed(between(random, 1, 3));
    at_any_moment(random, milliseconds{2});
  }
}

void restore(Trial& trial, LoopDisk& disk) {
  if (!disk.restore_power()) trial.complain("a power cut took nothing: what was not synced is on the disk");
  trial.count_faults();
}

std::size_t accepted(const Trial& trial) {
  std::size_t count = 0;
  for (const Publisher& publisher : trial.publishers) count += publisher.accepted().size();
  return count;
}

Tally outbox_round(Random& random, Scale scale) {
  LoopDisk disk{kOutboxDisk};
  Trial trial{{.outboxes_in = disk.path()}};
  trial.start();
  for (int cut = 0; cut < cuts(scale); ++cut) {
    const std::size_t before = accepted(trial);
    feed_one_by_one(trial, random);
    disk.cut_power();
    if (accepted(trial) == before) trial.complain("nothing was accepted before a power cut");
    at_any_moment(random, milliseconds{50});
    for (Publisher& publisher : trial.publishers) publisher.kill();
    restore(trial, disk);
    for (Publisher& publisher : trial.publishers) publisher.start();
    at_any_moment(random, milliseconds{400});
  }
  return concluded(trial, disk);
}

Tally inbox_round(Random& random, Scale scale) {
  LoopDisk disk{kInboxDisk};
  Trial trial{{.inboxes_in = disk.path()}};
  trial.start();
  for (int cut = 0; cut < cuts(scale); ++cut) {
    feed_one_by_one(trial, random);
    disk.cut_power();
    at_any_moment(random, milliseconds{50});
    for (Forwarder& forwarder : trial.forwarders) forwarder.kill();
    restore(trial, disk);
    for (Forwarder& forwarder : trial.forwarders) forwarder.start_without_waiting();
    at_any_moment(random, milliseconds{400});
  }
  return concluded(trial, disk);
}

}  // namespace

std::vector<Kind> power_cut_kinds() {
  return {
      {"power-cut-outbox", "the power of the outboxes' disk fails while readings are accepted", outbox_round,
       LoopDisk::obstacle},
      {"power-cut-inbox", "the power of the inboxes' disk fails", inbox_round, LoopDisk::obstacle},
  };
}

}  // namespace solar::test
