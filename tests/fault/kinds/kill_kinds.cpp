// kill -9 at any moment: whatever a process holds in its memory, and a broker on its disk, is gone.
#include <functional>

#include "tests/fault/kinds/trial.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnyMoment{400};
constexpr milliseconds kUntilEmpty{2'000};  // often enough for outboxes to become empty

int deaths(Scale scale) { return scale == Scale::Sample ? 3 : 8; }

/// Feeds, and kills at any moment while the readings flow; then brings back what died.
Tally rounds_of(Random& random, Scale scale, const std::function<void(Trial&)>& die) {
  Trial trial;
  trial.start();
  for (int death = 0; death < deaths(scale); ++death) {
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    die(trial);
    trial.count_faults();
    trial.feed(between(random, 0, 100));
    at_any_moment(random, between(random, 0, 2) == 0 ? kUntilEmpty : kAnyMoment);
  }
  return trial.conclude();
}

void kill_publisher(Trial& trial, Random& random) {
  Publisher& publisher = trial.publishers[static_cast<std::size_t>(between(random, 0, 1))];
  publisher.kill();
  publisher.start();
}

void kill_forwarder(Trial& trial, Random& random) {
  Forwarder& forwarder = trial.forwarders[static_cast<std::size_t>(between(random, 0, 1))];
  forwarder.kill();
  at_any_moment(random, kAnyMoment);
  forwarder.start_without_waiting();
}

void kill_broker(Trial& trial, Random& random, bool wipe) {
  trial.broker.kill();
  if (wipe) trial.broker.wipe();
  at_any_moment(random, kAnyMoment);
  trial.broker.start();
}

void kill_central(Trial& trial, Random& random) {
  trial.kill_central();
  at_any_moment(random, kAnyMoment);
  trial.central.start();
}

Tally publisher_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) { kill_publisher(trial, random); });
}

Tally forwarder_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) {
    // Nobody sends these again: what a forwarder acknowledged must be in its inbox.
    trial.feed_plain(between(random, 50, 500));
    kill_forwarder(trial, random);
  });
}

Tally broker_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) { kill_broker(trial, random, false); });
}

Tally broker_wiped_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) { kill_broker(trial, random, true); });
}

Tally central_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) { kill_central(trial, random); });
}

void kill_any(Trial& trial, Random& random, int which) {
  switch (which) {
    case 0:
      return kill_publisher(trial, random);
    case 1:
      return kill_forwarder(trial, random);
    case 2:
      return kill_broker(trial, random, between(random, 0, 1) == 1);
    default:
      return kill_central(trial, random);
  }
}

Tally pairs_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) {
    const int first = between(random, 0, 3);
    kill_any(trial, random, first);
    kill_any(trial, random, (first + between(random, 1, 3)) % 4);
    trial.count_faults();
  });
}

// Often while central is away, so that there is something in it to lose.
Tally lost_inbox_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [&](Trial& trial) {
    const bool away = between(random, 0, 2) > 0;
    if (away) {
      trial.kill_central();
      trial.feed(between(random, 50, 300));
      at_any_moment(random, kAnyMoment);
    }
    Forwarder& forwarder = trial.forwarders[static_cast<std::size_t>(between(random, 0, 1))];
    forwarder.kill();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(forwarder.inbox().string() + suffix);
    at_any_moment(random, kAnyMoment);
    forwarder.start_without_waiting();
    if (away) trial.central.start();
  });
}

// It keeps sessions, but not their shared subscriptions.
Tally broker_restarted_round(Random& random, Scale scale) {
  return rounds_of(random, scale, [](Trial& trial) { trial.broker.restart(); });
}

}  // namespace

std::vector<Kind> kill_kinds() {
  return {
      {"kill-publisher", "kill -9 of a publisher, which starts again at once", publisher_round},
      {"kill-forwarder", "kill -9 of one of two forwarders, plain readings among what they have", forwarder_round},
      {"restart-broker", "the broker ends in an orderly way, and comes back with what it keeps",
       broker_restarted_round},
      {"kill-broker", "kill -9 of the broker, which has its files when it comes back", broker_round},
      {"wipe-broker", "kill -9 of the broker, which comes back with nothing", broker_wiped_round},
      {"kill-central", "kill -9 of central", central_round},
      {"kill-pairs", "kill -9 of two of them, one right after the other", pairs_round},
      {"lose-inbox", "kill -9 of a forwarder, which comes back with an empty disk; central often away",
       lost_inbox_round},
  };
}

}  // namespace solar::test
