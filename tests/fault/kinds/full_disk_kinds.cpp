// A full disk: readings wait in their source or in the broker, what was accepted leaves, and room is all that heals it.
#include "tests/fault/kinds/bites.hpp"
#include "tests/fault/kinds/trial.hpp"
#include "tests/support/loop_disk.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kOutboxDisk = 24 * kMiB;
constexpr std::uint64_t kInboxDisk = 96 * kMiB;  // a forwarder subscribes where 32 MiB are free
constexpr milliseconds kAnyMoment{400};

int fillings(Scale scale) { return scale == Scale::Sample ? 2 : 6; }

std::uint64_t some_kib(Random& random, int low, int high) {
  return static_cast<std::uint64_t>(between(random, low, high)) * 1024;
}

/// As after a power failure with the disk full: whoever it is must come up again, and drain.
template <class Program>
void sometimes_kill(Program& program, Random& random) {
  if (between(random, 0, 2) != 0) return;
  program.kill();
  program.start();
}

/// The first village's publisher keeps a reserve, so removals go on; the second meets the very last block.
Tally outbox_round(Random& random, Scale scale) {
  LoopDisk disk{kOutboxDisk};
  Trial trial{{.outboxes_in = disk.path(), .supervised = true}};
  trial.publishers[0].options().extra = {"--disk-reserve", "4MiB"};
  trial.publishers[1].options().extra = {"--disk-reserve", "0B"};
  trial.start();
  for (int filling = 0; filling < fillings(scale); ++filling) {
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const bool to_the_brim = filling % 2 == 0;
    disk.fill_up_to(to_the_brim ? 0 : some_kib(random, 128, 512));
    trial.count_faults();
    for (int more = 0; more < 3; ++more) {
      trial.feed(0, between(random, 100, 300));
      // Who keeps no reserve takes that of the others, too.
      if (to_the_brim) trial.feed(1, between(random, 10, 300));
      at_any_moment(random, kAnyMoment);
      sometimes_kill(trial.publishers[static_cast<std::size_t>(between(random, 0, 1))], random);
      trial.revive();
    }
    if (!to_the_brim && !eventually([&] { return trial.publishers[0].status("waiting") == "0"; })) {
      trial.complain("an outbox does not drain although its reserve is free");
    }
    disk.make_room();
    at_any_moment(random, kAnyMoment);
  }
  complain_if_toothless(trial, publisher_logs(trial), {"no new readings are accepted"});
  return concluded(trial, disk);
}

bool inboxes_drain(Trial& trial) {
  return eventually(
      [&] {
        trial.revive();
        return trial.forwarders[0].status("waiting") == "0" && trial.forwarders[1].status("waiting") == "0";
      },
      kPatience, milliseconds{50});
}

Tally inbox_round(Random& random, Scale scale) {
  LoopDisk disk{kInboxDisk};
  Trial trial{{.inboxes_in = disk.path(), .supervised = true}};
  trial.start();
  for (int filling = 0; filling < fillings(scale); ++filling) {
    trial.central.answer_always(503);
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const bool to_the_brim = filling % 2 == 0;
    disk.fill_up_to(to_the_brim ? 0 : some_kib(random, 1024, 15 * 1024));
    trial.count_faults();
    for (int more = 0; more < 3; ++more) {
      trial.feed(between(random, 10, 300));
      at_any_moment(random, kAnyMoment);
      Forwarder& forwarder = trial.forwarders[static_cast<std::size_t>(between(random, 0, 1))];
      if (between(random, 0, 1) == 0) {
        forwarder.kill();
        forwarder.start_without_waiting();
      }
      trial.revive();
    }
    trial.central.heal();
    if (!to_the_brim && !inboxes_drain(trial)) trial.complain("an inbox does not drain while its disk is full");
    disk.make_room();
    at_any_moment(random, kAnyMoment);
  }
  complain_if_toothless(trial, forwarder_logs(trial),
                        {"inbox or disk full, leaving", "inbox full, ending", "draining first"});
  return concluded(trial, disk);
}

}  // namespace

std::vector<Kind> full_disk_kinds() {
  return {
      {"full-disk-outbox", "the outboxes' disk is full for a while, to its reserve or to the last block", outbox_round,
       LoopDisk::obstacle},
      {"full-disk-inbox", "the inboxes' disk is full for a while, and central away for a part of it", inbox_round,
       LoopDisk::obstacle},
  };
}

}  // namespace solar::test
