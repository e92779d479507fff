#include "tests/simulation/people.hpp"

#include <nlohmann/json.hpp>

#include "shared/message.hpp"
#include "shared/topic.hpp"
#include "tests/simulation/gateway.hpp"

namespace solar::test {

namespace {

constexpr std::size_t kReadingsPerMessageMax = 40;

MqttMessage message_of(const Origin& origin, std::string payload) {
  return {.topic = to_string(Topic{.origin = origin, .channel = Channel::Readings}),
          .payload = std::move(payload),
          .retained = false,
          .content_type = {},
          .content_encoding = std::nullopt};
}

/// As the forwarder completes a body that does not say where it comes from.
std::string with_village(const std::string& village, const std::string& fields) {
  return R"({"village":)" + nlohmann::json(village).dump() + "," + fields + "}";
}

/// A device's message: one reading or a few, now and then rubbish.
void send_from_device(World& world, const DevicePlan& device) {
  if (!world.broker.runs() || world.ledger.entries().size() >= kReadingsMax) return;
  if (world.dice.percent(3)) {
    static_cast<void>(world.broker.publish_from_device(message_of(device.origin, R"({"power_kw":"no number"})"), {}));
    return;
  }
  const std::size_t count = world.dice.percent(80) ? 1 : 2 + world.dice.below(kReadingsPerMessageMax - 1);
  std::vector<std::int64_t> numbers;
  std::string payload;
  for (std::size_t i = 0; i < count; ++i) {
    const bool poison = world.dice.percent(world.plan.poison_percent);
    const std::int64_t number = world.ledger.offer(device.maker, device.origin, poison, world.schedule.now());
    numbers.push_back(number);
    const std::string id = device.maker == Maker::WithId ? "own:" + std::to_string(number) : "";
    std::string fields = R"("power_kw":7.25,)" + fields_of(world, number);
    if (!id.empty()) fields += R"(,"id":")" + id + "\"";
    world.ledger.sent_by_device(number, id, with_village(device.origin.village, fields));
    payload += (payload.empty() ? "{" : ",{") + fields + "}";
  }
  if (count > 1) payload = "[" + payload + "]";
  static_cast<void>(world.broker.publish_from_device(message_of(device.origin, std::move(payload)), numbers));
  world.journal.note("a device sends {} readings from {}", {static_cast<std::int64_t>(count), numbers.front()});
}

/// When `count` readings come: one by one, or many at a time.
std::vector<Millis> times(World& world, std::size_t count) {
  std::vector<Millis> all;
  for (std::size_t i = 0; i < count; ++i) {
    const bool with_the_last = !all.empty() && world.dice.percent(world.plan.burst_percent);
    all.push_back(with_the_last ? all.back() + Millis{1} : world.dice.between(Millis{0}, world.plan.faults_last));
  }
  return all;
}

}  // namespace

std::string fields_of(const World& world, std::int64_t number) {
  std::string fields = "\"n\":" + std::to_string(number);
  if (world.plan.padding == 0) return fields;
  const std::size_t size = static_cast<std::size_t>(number) * 7'919 % world.plan.padding;
  return fields + R"(,"note":")" + std::string(size, 'x') + "\"";
}

void plan_readings(World& world) {
  const std::size_t planned = world.plan.gateways.size();
  for (std::size_t i = 0; i < planned; ++i) {
    for (const Millis at : times(world, world.plan.gateways[i].readings)) {
      const bool poison = world.dice.percent(world.plan.poison_percent);
      world.schedule.at(at, [&world, i, poison] { world.gateways[i]->offer(poison); });
    }
  }
  for (const DevicePlan& device : world.plan.devices) {
    for (const Millis at : times(world, device.readings)) {
      world.schedule.at(at, [&world, &device] { send_from_device(world, device); });
    }
  }
}

void plan_live_readings(World& world) {
  for (Gateway* gateway : world.gateways) {
    for (const Millis wait : world.plan.live) {
      world.schedule.after(wait, [gateway] { gateway->offer(false); });
    }
  }
}

}  // namespace solar::test
