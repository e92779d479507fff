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

std::size_t accepted(const Trial& trial) {
  std::size_t count = 0;
  for (const Publisher& publisher : trial.publishers) count += publisher.accepted().size();
  return count;
}

/// Reading by reading, so that there are many commits, up to the moment at which this returns.
void feed_one_by_one(Trial& trial, Random& random) {
  const std::size_t before = accepted(trial);
  const auto end = std::chrono::steady_clock::now() + milliseconds{between(random, 100, 600)};
  const auto patience = std::chrono::steady_clock::now() + kPatience;
  bool flows = false;
  while (std::chrono::steady_clock::now() < end || (!flows && std::chrono::steady_clock::now() < patience)) {
    trial.feed(between(random, 1, 3));
    at_any_moment(random, milliseconds{2});
    flows = flows || accepted(trial) > before;
  }
  if (!flows) trial.complain("nothing was accepted before a power cut");
}

/// The power fails, and with it the publishers. What they told before must survive. What they tell later counts for
/// nothing: a machine without power tells nobody, but after this ioctl a sync that was under way returns success though
/// its bytes are gone (Linux 6.18: in one cut of four, with ten lines that only write and sync).
void fail_power(Trial& trial, LoopDisk& disk, Random& random) {
  std::vector<std::size_t> told;
  for (const Publisher& publisher : trial.publishers) told.push_back(publisher.accepted().size());
  disk.cut_power();
  at_any_moment(random, milliseconds{50});
  for (std::size_t i = 0; i < told.size(); ++i) {
    trial.publishers[i].kill();
    std::vector<std::string> later = trial.publishers[i].accepted();
    later.erase(later.begin(), later.begin() + static_cast<std::ptrdiff_t>(told[i]));
    trial.forgive(later);
  }
}

void restore(Trial& trial, LoopDisk& disk) {
  if (!disk.restore_power()) trial.complain("a power cut took nothing: what was not synced is on the disk");
  trial.count_faults();
}

Tally outbox_round(Random& random, Scale scale) {
  LoopDisk disk{kOutboxDisk};
  Trial trial{{.outboxes_in = disk.path()}};
  trial.start();
  for (int cut = 0; cut < cuts(scale); ++cut) {
    feed_one_by_one(trial, random);
    fail_power(trial, disk, random);
    restore(trial, disk);
    for (Publisher& publisher : trial.publishers) publisher.start();
    at_any_moment(random, milliseconds{400});
  }
  return concluded(trial, disk);
}

void start_after_cut(Trial& trial, LoopDisk& disk) {
  for (Forwarder& forwarder : trial.forwarders) forwarder.kill();
  restore(trial, disk);
  for (Forwarder& forwarder : trial.forwarders) forwarder.start_without_waiting();
}

/// The cut comes while readings flow. Their publishers keep them: none of them may be lost in the middle of it all.
Tally flowing_inbox_round(Random& random, Scale scale) {
  LoopDisk disk{kInboxDisk};
  Trial trial{{.inboxes_in = disk.path()}};
  trial.start();
  for (int cut = 0; cut < cuts(scale); ++cut) {
    feed_one_by_one(trial, random);
    disk.cut_power();
    at_any_moment(random, milliseconds{50});
    start_after_cut(trial, disk);
    at_any_moment(random, milliseconds{400});
  }
  return concluded(trial, disk);
}

std::size_t in_inboxes(const Trial& trial) {
  std::size_t waiting = 0;
  for (const Forwarder& forwarder : trial.forwarders) waiting += std::stoul("0" + forwarder.status("waiting"));
  return waiting;
}

/// Plain readings are in the inboxes only, and all of them are acknowledged when the cut comes. With
/// `--synchronous FULL` they must survive it.
Tally full_inbox_round(Random& random, Scale scale) {
  LoopDisk disk{kInboxDisk};
  Trial trial{{.forwarder_extra = {"--synchronous", "FULL"}, .inboxes_in = disk.path()}};
  trial.start();
  for (int cut = 0; cut < cuts(scale); ++cut) {
    trial.central.answer_always(503);
    trial.feed_plain(between(random, 20, 200));
    const std::size_t fed = trial.missing_plain();
    if (!eventually([&] { return in_inboxes(trial) >= fed; })) trial.complain("the inboxes do not fill");
    disk.cut_power();
    at_any_moment(random, milliseconds{50});
    start_after_cut(trial, disk);
    trial.central.heal();
    // What is left from one cut would be counted as what has come before the next.
    if (!eventually([&] { return trial.missing_plain() == 0 && in_inboxes(trial) == 0; })) break;
  }
  return concluded(trial, disk);
}

Tally inbox_round(Random& random, Scale scale) {
  return between(random, 0, 1) == 0 ? full_inbox_round(random, scale) : flowing_inbox_round(random, scale);
}

}  // namespace

std::vector<Kind> power_cut_kinds() {
  return {
      {"power-cut-outbox", "the power of the outboxes' disk fails while readings are accepted", outbox_round,
       LoopDisk::obstacle},
      {"power-cut-inbox", "the power of the inboxes' disk fails; in every other round plain readings are nowhere else",
       inbox_round, LoopDisk::obstacle},
  };
}

}  // namespace solar::test
