#include "tests/simulation/plan.hpp"

#include <algorithm>
#include <array>

namespace solar::test {

namespace {

constexpr Millis kSecond{1'000};
constexpr Millis kMinute{60'000};
constexpr std::uint64_t kKiB = 1024;

template <class Value, std::size_t kCount>
Value one_of(Dice& dice, const std::array<Value, kCount>& values) {
  return values[dice.below(kCount)];
}

std::size_t few_or_many(Dice& dice, std::size_t max) { return 1 + std::min(dice.below(max), dice.below(max)); }

Origin origin_of(std::size_t village) {
  // Some names need encoding in topics and headers.
  constexpr std::array kNames{"Bamenda", "Kumbo/Nord", "Ndop #2", "Fundong \"B\"", "Wum%", "Ñkambe"};
  const std::string name = kNames[village % kNames.size()];
  return {.village = name + "-" + std::to_string(village), .device = village % 3 == 0 ? "roof $1" : "main"};
}

void people(Plan& plan, Dice& dice) {
  const std::size_t villages = few_or_many(dice, 20);
  std::size_t readings = one_of(dice, std::array<std::size_t, 6>{40, 80, 120, 200, 400, kReadingsMax - 100});
  readings = 10 + dice.below(readings);
  for (std::size_t village = 0; village < villages; ++village) {
    const std::size_t share = std::max<std::size_t>(readings / villages, 1);
    const Origin origin = origin_of(village);
    if (village == 0 || dice.percent(65)) {
      plan.gateways.push_back({.origin = origin,
                               .outbox_max = one_of(dice, std::array{256 * kKiB, 512 * 1024 * kKiB, 512 * 1024 * kKiB}),
                               .power_can_be_cut = dice.percent(30),
                               .readings = share});
    } else {
      plan.devices.push_back(
          {.origin = origin, .maker = dice.percent(70) ? Maker::Plain : Maker::WithId, .readings = share});
    }
  }
  const std::size_t forwarders = 1 + dice.below(4);
  for (std::size_t i = 0; i < forwarders; ++i) {
    plan.forwarders.push_back({.keeps_disk = dice.percent(50),
                               .synchronous_full = dice.percent(30),
                               .inbox_max = one_of(dice, std::array{1024 * kKiB, 1024 * kKiB, 512 * 1024 * kKiB}),
                               .window_max = one_of(dice, std::array<std::uint32_t, 3>{1, 8, 64}),
                               .conflict_is_stored = dice.percent(50),
                               .power_can_be_cut = dice.percent(30)});
  }
}

void troubles(Plan& plan, Dice& dice) {
  std::vector<Fault> kinds;  // not all kinds at once: some hide others
  for (std::size_t kind = 0; kind < kFaults; ++kind) {
    if (dice.percent(40)) kinds.push_back(static_cast<Fault>(kind));
  }
  if (kinds.empty()) return;
  const std::size_t count = 1 + dice.below(20);
  for (std::size_t i = 0; i < count; ++i) {
    plan.faults.push_back({.at = dice.between(Millis{0}, plan.faults_last),
                           .fault = kinds[dice.below(kinds.size())],
                           .lasts = dice.spread(kSecond, 16 * kMinute),
                           .whom = dice.below(1'000),
                           .how = dice.bits()});
  }
}

/// Devices that nobody can slow down fill small inboxes while central is away.
void flood(Plan& plan, Dice& dice) {
  plan.padding = 2'000;
  plan.broker = {.queue_max = 1'000, .receive_maximum = 20, .in_flight_max = 20};
  for (ForwarderPlan& forwarder : plan.forwarders) forwarder.inbox_max = 1024 * kKiB;
  const std::size_t villages = plan.gateways.size() + plan.devices.size();
  for (std::size_t i = 0; i < 3; ++i) {
    plan.devices.push_back({.origin = origin_of(villages + i), .maker = Maker::Plain, .readings = 300});
  }
  plan.faults.push_back({.at = Millis{0},
                         .fault = Fault::CentralMood,
                         .lasts = plan.faults_last,
                         .whom = 0,
                         .how = static_cast<std::uint64_t>(Central::Mood::Unreachable)});
  if (plan.forwarders.size() > 2) plan.forwarders.resize(1 + dice.below(2));
}

}  // namespace

Plan plan_of(std::uint64_t seed) {
  Dice dice{seed * 2 + 1};
  Plan plan;
  plan.seed = seed;
  plan.faults_last = dice.spread(kMinute, 40 * kMinute);
  plan.broker = {.queue_max = one_of(dice, std::array<std::size_t, 4>{5, 100, 1'000, 1'000}),
                 .receive_maximum = one_of(dice, std::array<std::uint16_t, 4>{1, 20, 20, 65'535}),
                 .in_flight_max = one_of(dice, std::array<std::size_t, 4>{1, 20, 20, 100})};
  plan.poison_percent = one_of(dice, std::array<unsigned, 4>{0, 0, 3, 30});
  plan.padding = one_of(dice, std::array<std::size_t, 4>{0, 0, 200, 6'000});
  plan.burst_percent = one_of(dice, std::array<unsigned, 3>{0, 30, 90});
  plan.link_delay = one_of(dice, std::array{Millis{5}, Millis{50}, Millis{2'000}});
  plan.central_delay = one_of(dice, std::array{Millis{10}, Millis{50}, Millis{1'000}});
  people(plan, dice);
  plan.live = {2 * kSecond, 20 * kSecond, 65 * kSecond};
  troubles(plan, dice);
  if (dice.percent(4)) flood(plan, dice);
  // One message at a time over such a link: 2,000 in an hour, with what is sent again.
  if (plan.link_delay > kSecond && plan.broker.in_flight_max == 1) plan.drain_limit *= 2;
  return plan;
}

Plan backlog_plan(std::uint64_t seed, std::size_t readings, Outage outage) {
  Dice dice{seed * 2 + 1};
  Plan plan;
  plan.seed = seed;
  plan.faults_last = 30 * kMinute;
  plan.burst_percent = 95;
  plan.link_delay = Millis{50};
  for (std::size_t village = 0; village < 3; ++village) {
    plan.gateways.push_back({.origin = origin_of(village),
                             .outbox_max = 512 * 1024 * kKiB,
                             .power_can_be_cut = false,
                             .readings = village == 0 ? readings : 100});
  }
  plan.forwarders.assign(2, {.keeps_disk = true,
                             .synchronous_full = false,
                             .inbox_max = 512 * 1024 * kKiB,
                             .window_max = 64,
                             .conflict_is_stored = false,
                             .power_can_be_cut = false});
  PlannedFault fault{.at = 5 * kSecond, .fault = Fault::CentralMood, .lasts = plan.faults_last, .whom = 0, .how = 0};
  fault.how = static_cast<std::uint64_t>(Central::Mood::Unreachable);
  if (outage == Outage::Forwarders) fault.fault = Fault::KillForwarder;
  if (outage == Outage::Link) fault.fault = Fault::CutLink;
  for (; fault.whom < plan.gateways.size(); ++fault.whom) plan.faults.push_back(fault);
  for (Millis at = kSecond; at < 5 * kMinute; at += 2 * kSecond) plan.live.push_back(at);
  return plan;
}

}  // namespace solar::test
