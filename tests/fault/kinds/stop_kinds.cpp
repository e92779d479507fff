// SIGSTOP: a process that neither works nor dies, for longer than those who wait for it have patience.
#include <csignal>
#include <functional>
#include <thread>

#include "tests/fault/kinds/reach.hpp"
#include "tests/fault/kinds/trial.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnyMoment{300};
constexpr milliseconds kClientNotices{3'000};
constexpr milliseconds kBrokerNotices{7'000};  // Mosquitto looks at keepalives every five seconds

int stops(Scale scale) { return scale == Scale::Sample ? 1 : 4; }

/// Who stops for how long, and how often somebody has noticed so far that he did not answer.
struct Victim {
  const char* name;
  milliseconds shortest;
  std::function<Process&(Trial&, int chosen)> process;
  std::function<std::size_t(Trial&, int chosen)> noticed;
};

Trial::Options options() {
  Flags forwarder = short_link_timers();
  forwarder.insert(forwarder.end(), {"--request-timeout", "1s"});
  return {.publisher_extra = short_link_timers(), .forwarder_extra = forwarder};
}

Tally rounds_of(Random& random, Scale scale, const Victim& victim) {
  Trial trial{options()};
  trial.start();
  for (int stop = 0; stop < stops(scale); ++stop) {
    const int chosen = between(random, 0, 1);
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const std::size_t before = victim.noticed(trial, chosen);

    victim.process(trial, chosen).signal(SIGSTOP);
    trial.feed(between(random, 20, 200));
    std::this_thread::sleep_for(victim.shortest + milliseconds{between(random, 0, 1'500)});
    victim.process(trial, chosen).signal(SIGCONT);
    trial.count_faults();

    if (!eventually([&] { return victim.noticed(trial, chosen) > before; })) {
      trial.complain(std::string{"nobody noticed that it stopped: "} + victim.name);
    }
    trial.feed(between(random, 0, 100));
  }
  return trial.conclude();
}

std::size_t number(int chosen) { return static_cast<std::size_t>(chosen); }

Tally publisher_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "publisher",
                    .shortest = kBrokerNotices,
                    .process = [](Trial& t, int chosen) -> Process& { return t.publishers[number(chosen)].process(); },
                    .noticed = [](Trial& t, int chosen) { return connections(t.publishers[number(chosen)]); }});
}

Tally forwarder_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "forwarder",
                    .shortest = kBrokerNotices,
                    .process = [](Trial& t, int chosen) -> Process& { return t.forwarders[number(chosen)].process(); },
                    .noticed = [](Trial& t, int chosen) { return connections(t.forwarders[number(chosen)]); }});
}

Tally broker_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "broker",
                    .shortest = kClientNotices,
                    .process = [](Trial& t, int) -> Process& { return t.broker.process(); },
                    .noticed =
                        [](Trial& t, int chosen) {
                          return std::min(connections(t.forwarders[number(chosen)]),
                                          connections(t.publishers[number(chosen)]));
                        }});
}

Tally central_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "central",
                    .shortest = kClientNotices,
                    .process = [](Trial& t, int) -> Process& { return t.central.process(); },
                    .noticed =
                        [](Trial& t, int) {
                          std::size_t timeouts = 0;
                          for (Forwarder& forwarder : t.forwarders) {
                            timeouts += times_logged(forwarder.process(), "cause=timeout");
                          }
                          return timeouts;
                        }});
}

}  // namespace

std::vector<Kind> stop_kinds() {
  return {
      {"stop-publisher", "SIGSTOP of a publisher for longer than its keepalive", publisher_round},
      {"stop-forwarder", "SIGSTOP of one of two forwarders for longer than its keepalive", forwarder_round},
      {"stop-broker", "SIGSTOP of the broker for longer than everybody's keepalive", broker_round},
      {"stop-central", "SIGSTOP of central for longer than a request may take", central_round},
  };
}

}  // namespace solar::test
