// SIGSTOP: a process that neither works nor dies, for longer than those who wait for it have patience.
#include <csignal>
#include <functional>

#include "tests/fault/kinds/reach.hpp"
#include "tests/fault/kinds/trial.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnyMoment{300};

// The outboxes' timers grow while somebody is stopped, and the drain with them.
int stops(Scale scale) { return scale == Scale::Sample ? 1 : 3; }

using Count = std::function<std::size_t(Trial&, std::size_t chosen)>;

/// Who stops, and what shows that it was felt.
struct Victim {
  const char* name;
  std::function<Process&(Trial&, std::size_t chosen)> process;
  Count noticed;  ///< grows while he is stopped, and somebody has lost patience
  Count back;     ///< grows once he has found out himself; nullptr: he need not
};

Trial::Options options() {
  Flags forwarder = short_link_timers();
  forwarder.insert(forwarder.end(), {"--request-timeout", "1s"});
  return {.publisher_extra = short_link_timers(), .forwarder_extra = forwarder};
}

void stop_once(Trial& trial, Random& random, const Victim& victim) {
  const auto chosen = static_cast<std::size_t>(between(random, 0, 1));
  await_connections(trial);
  trial.feed(between(random, 50, 300));
  at_any_moment(random, kAnyMoment);
  const std::size_t noticed = victim.noticed(trial, chosen);
  const std::size_t back = victim.back ? victim.back(trial, chosen) : 0;

  victim.process(trial, chosen).signal(SIGSTOP);
  trial.feed(between(random, 20, 200));
  if (!eventually([&] { return victim.noticed(trial, chosen) > noticed; }, kPatience, milliseconds{50})) {
    trial.complain(std::string{"nobody noticed the stop of the "} + victim.name);
  }
  at_any_moment(random, kAnyMoment);
  victim.process(trial, chosen).signal(SIGCONT);
  trial.count_faults();

  trial.feed(between(random, 0, 100));
  if (victim.back && !eventually([&] { return victim.back(trial, chosen) > back; })) {
    trial.complain(std::string{"after its stop, this one does not connect again: "} + victim.name);
  }
}

Tally rounds_of(Random& random, Scale scale, const Victim& victim) {
  Trial trial{options()};
  trial.start();
  for (int stop = 0; stop < stops(scale); ++stop) stop_once(trial, random, victim);
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
       .process = [](Trial& t, std::size_t chosen) -> Process& { return t.publishers[chosen].process(); },
       .noticed = [](Trial& t,
                     std::size_t chosen) { return timeouts_of(t, "Village" + std::to_string(chosen) + "-main-"); },
       .back = [](Trial& t, std::size_t chosen) { return connections(t.publishers[chosen]); }});
}

Tally forwarder_round(Random& random, Scale scale) {
  return rounds_of(
      random, scale,
      {.name = "forwarder",
       .process = [](Trial& t, std::size_t chosen) -> Process& { return t.forwarders[chosen].process(); },
       .noticed = [](Trial& t, std::size_t chosen) { return timeouts_of(t, "forwarder-" + std::to_string(chosen)); },
       .back = [](Trial& t, std::size_t chosen) { return connections(t.forwarders[chosen]); }});
}

Tally broker_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "broker",
                    .process = [](Trial& t, std::size_t) -> Process& { return t.broker.process(); },
                    .noticed = [](Trial& t, std::size_t chosen) -> std::size_t {
                      return cut_off(t.forwarders[chosen]) && cut_off(t.publishers[chosen]) ? 1 : 0;
                    },
                    .back = nullptr});
}

Tally central_round(Random& random, Scale scale) {
  return rounds_of(random, scale,
                   {.name = "central",
                    .process = [](Trial& t, std::size_t) -> Process& { return t.central.process(); },
                    .noticed = [](Trial& t, std::size_t) { return failed_posts(t); },
                    .back = nullptr});
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
