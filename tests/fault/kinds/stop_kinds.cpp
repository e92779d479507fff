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

// The outboxes' timers grow while somebody is stopped, and the drain with them.
int stops(Scale scale) { return scale == Scale::Sample ? 1 : 3; }

/// Who stops, for how long at least, and how often somebody has noticed so far that he did not answer.
struct Victim {
  const char* name;
  milliseconds shortest;
  std::function<Process&(Trial&, std::size_t chosen)> process;
  std::function<std::size_t(Trial&, std::size_t chosen)> noticed;
  bool noticed_meanwhile;  ///< else only once he goes on
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
    const auto chosen = static_cast<std::size_t>(between(random, 0, 1));
    await_connections(trial);
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const std::size_t before = victim.noticed(trial, chosen);
    const auto noticed = [&] { return victim.noticed(trial, chosen) > before; };

    victim.process(trial, chosen).signal(SIGSTOP);
    trial.feed(between(random, 20, 200));
    std::this_thread::sleep_for(victim.shortest + milliseconds{between(random, 0, 1'000)});
    const bool in_time = !victim.noticed_meanwhile || eventually(noticed);
    victim.process(trial, chosen).signal(SIGCONT);
    trial.count_faults();

    if (!in_time || !eventually(noticed)) trial.complain(std::string{"nobody noticed the stop of the "} + victim.name);
    trial.feed(between(random, 0, 100));
  }
  return trial.conclude();
}

// Mosquitto looks at keepalives every five seconds.
std::size_t timeouts_of(Trial& trial, const std::string& client) {
  const std::string log = trial.broker.process().log();
  std::size_t times = 0;
  for (std::size_t at = log.find("Client " + client); at != std::string::npos;
       at = log.find("Client " + client, at + 1)) {
    if (log.substr(at, log.find('\n', at) - at).ends_with("has exceeded timeout, disconnecting.")) ++times;
  }
  return times;
}

Tally publisher_round(Random& random, Scale scale) {
  return rounds_of(
      random, scale,
      {.name = "publisher",
       .shortest = milliseconds{1'500},
       .process = [](Trial& t, std::size_t chosen) -> Process& { return t.publishers[chosen].process(); },
       .noticed = [](Trial& t,
                     std::size_t chosen) { return timeouts_of(t, "Village" + std::to_string(chosen) + "-main-"); },
       .noticed_meanwhile = true});
}

Tally forwarder_round(Random& random, Scale scale) {
  return rounds_of(
      random, scale,
      {.name = "forwarder",
       .shortest = milliseconds{1'500},
       .process = [](Trial& t, std::size_t chosen) -> Process& { return t.forwarders[chosen].process(); },
       .noticed = [](Trial& t, std::size_t chosen) { return timeouts_of(t, "forwarder-" + std::to_string(chosen)); },
       .noticed_meanwhile = true});
}

Tally broker_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "broker",
                    .shortest = milliseconds{3'000},
                    .process = [](Trial& t, std::size_t) -> Process& { return t.broker.process(); },
                    .noticed =
                        [](Trial& t, std::size_t chosen) {
                          return std::min(connections(t.forwarders[chosen]), connections(t.publishers[chosen]));
                        },
                    .noticed_meanwhile = false});
}

Tally central_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "central",
                    .shortest = milliseconds{2'000},
                    .process = [](Trial& t, std::size_t) -> Process& { return t.central.process(); },
                    .noticed =
                        [](Trial& t, std::size_t) {
                          return times_logged(t.forwarders[0].process(), "cause=timeout") +
                                 times_logged(t.forwarders[1].process(), "cause=timeout");
                        },
                    .noticed_meanwhile = false});
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
