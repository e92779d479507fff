#include "tests/simulation/history.hpp"

#include <algorithm>
#include <utility>

#include "tests/simulation/faults.hpp"
#include "tests/simulation/forwarder_node.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/people.hpp"
#include "tests/simulation/verdict.hpp"

namespace solar::test {

namespace {

constexpr Millis kLook{5'000};
constexpr std::uint64_t kStepsMax = 20'000'000;  // beyond, somebody is busy for nothing
constexpr std::size_t kMissingShown = 20;

void run_until(World& world, Millis end) {
  while (world.schedule.step(end)) {
    if (world.schedule.steps() > kStepsMax) throw Violation{"busy: too many events for nothing"};
  }
}

Millis drain(World& world, Verdict& verdict) {
  const Millis begin = world.schedule.now();
  while (true) {
    run_until(world, world.schedule.now() + kLook);
    verdict.tidy_full_inboxes();
    const Millis since = world.schedule.now() - begin;
    if (since > world.plan.live.back() && verdict.drained()) return since;
    if (since > world.plan.drain_limit) throw Violation{"not drained in time"};
  }
}

std::string undrained(World& world) {
  std::string text;
  for (const auto& node : world.nodes) {
    if (node->is_idle()) continue;
    text += "  " + node->name() + (node->runs() ? "" : " does not run");
    if (Queue* queue = node->queue(); queue != nullptr) {
      text += " has " + std::to_string(queue->stats(Millis{0}).waiting) + " readings waiting";
    }
    text += "\n";
  }
  const std::size_t in_broker = world.broker.readings_waiting();
  if (in_broker > 0) text += "  the broker has " + std::to_string(in_broker) + " messages waiting\n";
  return text;
}

std::string summary(World& world, const Verdict& verdict) {
  std::string text =
      std::to_string(world.plan.gateways.size()) + " gateways, " + std::to_string(world.plan.devices.size()) +
      " devices, " + std::to_string(world.plan.forwarders.size()) + " forwarders, " +
      std::to_string(world.ledger.entries().size()) + " readings, " + std::to_string(world.plan.faults.size()) +
      " faults in " + Journal::clock_text(world.plan.faults_last) + "\n" + undrained(world);
  const auto missing = verdict.missing();
  for (std::size_t i = 0; i < std::min(missing.size(), kMissingShown); ++i) text += "  missing: " + missing[i] + "\n";
  if (missing.size() > kMissingShown) text += "  and " + std::to_string(missing.size() - kMissingShown) + " more\n";
  return text;
}

std::uint64_t waiting_in_outboxes(World& world) {
  std::uint64_t waiting = 0;
  for (Gateway* gateway : world.gateways) {
    if (Queue* outbox = gateway->queue(); outbox != nullptr) waiting += outbox->stats(Millis{0}).waiting;
  }
  return waiting;
}

void measure_live(World& world, HistoryResult& result) {
  for (const Ledger::Entry& entry : world.ledger.entries()) {
    if (!entry.at_central || !entry.connected_at || entry.offered_at < world.plan.faults_last) continue;
    ++result.live;
    result.slowest_live = std::max(result.slowest_live, *entry.at_central - *entry.connected_at);
    result.slowest_since_accepted = std::max(result.slowest_since_accepted, *entry.at_central - entry.offered_at);
  }
}

void play(World& world, Verdict& verdict, HistoryResult& result) {
  for (const auto& node : world.nodes) node->restart_after(world.dice.between(Millis{0}, Millis{3'000}));
  plan_readings(world);
  for (const PlannedFault& fault : world.plan.faults) {
    world.schedule.at(fault.at, [&world, &fault] { inflict(world, fault); });
  }
  run_until(world, world.plan.faults_last);
  result.waiting_at_healing = waiting_in_outboxes(world);
  heal(world);
  plan_live_readings(world);
  result.drained_in = drain(world, verdict);
  verdict.pass();
  for (const auto& node : world.nodes) node->retire();
  measure_live(world, result);
}

}  // namespace

HistoryResult run_history(const Plan& plan, Model model, Journal::Text text) {
  World world{plan, model, text};
  Verdict verdict{world};
  HistoryResult result;
  try {
    play(world, verdict, result);
  } catch (const Violation& violation) {
    result.violation = "at " + Journal::clock_text(world.schedule.now()) + ": " + violation.what();
    if (world.journal.has_text()) result.summary = summary(world, verdict);
  }
  result.hash = world.journal.hash();
  result.bites = world.journal.bites();
  result.lasted = world.schedule.now();
  result.steps = world.schedule.steps();
  result.readings = static_cast<std::uint64_t>(
      std::count_if(world.ledger.entries().begin(), world.ledger.entries().end(),
                    [](const Ledger::Entry& entry) { return entry.accepted || entry.maker != Maker::Gateway; }));
  result.lines = world.journal.lines();
  result.lines_dropped = world.journal.lines_dropped();
  return result;
}

}  // namespace solar::test
