#include "tests/simulation/faults.hpp"

#include <algorithm>

#include "tests/simulation/forwarder_node.hpp"
#include "tests/simulation/gateway.hpp"

namespace solar::test {

namespace {

/// Somebody must be there to drain.
bool others_stay(const World& world, const ForwarderNode& forwarder) {
  return std::ranges::any_of(world.forwarders, [&](const ForwarderNode* other) {
    return other != &forwarder && !other->gone && !other->leaves_for_good();
  });
}

constexpr Millis kYear{400LL * 24 * 3'600'000};

Gateway& a_gateway(World& world, const PlannedFault& fault) {
  return *world.gateways[fault.whom % world.gateways.size()];
}
ForwarderNode& a_forwarder(World& world, const PlannedFault& fault) {
  return *world.forwarders[fault.whom % world.forwarders.size()];
}
Node& a_node(World& world, const PlannedFault& fault) { return *world.nodes[fault.whom % world.nodes.size()]; }

void kill(World& world, Node& node, Bite bite, const char* why, Disk::Crash how, Millis down) {
  if (!node.runs()) return;
  world.journal.bite(bite);
  node.crash(why, how, down);
}

/// The machine is dead: its peer at the broker learns it late.
void cut_power(World& world, Node& node, std::size_t number, Bite bite, Millis down) {
  if (!node.disk.remembers()) return;
  if (const ConnectionPtr connection = world.broker.connection_of(number)) world.silence(connection, true);
  kill(world, node, bite, "power cut", Disk::Crash::PowerCut, down);
}

void fill_disk(World& world, Node& node, const PlannedFault& fault) {
  world.journal.note("the disk of node {} fills up", {node.number()});
  node.disk.fill_up(fault.how % (64U << 10U));
  world.schedule.after(fault.lasts, [&node] { node.disk.fill_up(std::nullopt); });
}

void stop_broker(World& world, Broker::Stop how, Bite bite, Millis lasts) {
  if (!world.broker.runs()) return;
  world.journal.bite(bite);
  world.journal.note("the broker stops, way {}", {static_cast<std::int64_t>(how)});
  world.broker.stop(how);
  world.schedule.after(lasts, [&world] { world.broker.start(); });
}

void hurt_link(World& world, const PlannedFault& fault) {
  Node& node = a_node(world, fault);
  const ConnectionPtr connection = world.broker.connection_of(fault.whom % world.nodes.size());
  world.journal.note("the link of node {} suffers fault {}", {node.number(), static_cast<std::int64_t>(fault.fault)});
  if (fault.fault == Fault::CutLink) {
    node.link_up = false;
    world.schedule.after(fault.lasts, [&node] { node.link_up = true; });
  }
  if (!connection) return;
  if (fault.fault == Fault::ResetLink) {
    world.journal.bite(Bite::LinkReset);
    return world.broker.reset(connection);
  }
  const bool one_way = fault.fault == Fault::SilenceLinkOneWay;
  world.journal.bite(one_way ? Bite::LinkOneWay : Bite::LinkSilent);
  world.silence(connection, !one_way);
}

/// SIGSTOP: nothing is taken, nothing is sent; the broker gives it up when it has waited long enough.
void freeze(World& world, const PlannedFault& fault) {
  Node& node = a_node(world, fault);
  if (!node.runs()) return;
  world.journal.bite(Bite::ProcessFrozen);
  world.journal.note("node {} is stopped for a while", {node.number()});
  node.freeze(fault.lasts);
  const ConnectionPtr connection = world.broker.connection_of(static_cast<std::size_t>(node.number()));
  if (!connection || fault.lasts < Network::patience(*connection)) return;
  world.schedule.after(Network::patience(*connection), [&world, connection] {
    world.broker.disconnect(connection);
    world.network.down(connection, [&world, connection] { world.network.tell_end(connection, 0); });
  });
}

void jump_clock(World& world, const PlannedFault& fault) {
  Node& node = a_node(world, fault);
  const std::uint64_t how = fault.how % 4;
  world.journal.bite(how == 0 ? Bite::ClockIn1970 : Bite::ClockJumped);
  world.journal.note("the clock of node {} jumps, way {}", {node.number(), static_cast<std::int64_t>(how)});
  if (how == 0) node.clock.wall_off = -kWallStart - world.schedule.now();
  if (how == 1) node.clock.wall_off += kYear;
  if (how == 2) node.clock.wall_off -= kYear;
  if (how == 3) node.clock.wall_off = Millis{0};
  node.wake();
}

void clone(World& world, const PlannedFault& fault) {
  Gateway& original = a_gateway(world, fault);
  if (world.nodes.size() >= 30) return;
  world.journal.bite(Bite::GatewayCloned);
  world.journal.note("the card of gateway {} is cloned", {original.number()});
  if (original.runs()) original.crash("taken out to be cloned", Disk::Crash::Process, Millis{1'000});
  auto node = std::make_unique<Gateway>(world, world.nodes.size(), original.plan());
  node->disk.copy_from(original.disk);
  world.gateways.push_back(node.get());
  world.nodes.push_back(std::move(node));
  world.nodes.back()->restart_after(Millis{1'500});
}

void hurt_gateway(World& world, const PlannedFault& fault) {
  Gateway& gateway = a_gateway(world, fault);
  const auto number = static_cast<std::size_t>(gateway.number());
  switch (fault.fault) {
    case Fault::KillGateway:
      return kill(world, gateway, Bite::GatewayKilled, "killed", Disk::Crash::Process, fault.lasts);
    case Fault::KillGatewayInCommit:
      return gateway.die_in_commit(1 + fault.how % 12, gateway.disk.remembers() && fault.how % 2 == 0
                                                           ? Disk::Crash::PowerCut
                                                           : Disk::Crash::Process);
    case Fault::KillGatewayInTurn:
      return gateway.light_fuse(1 + fault.how % 5);
    case Fault::CutGatewayPower:
      return cut_power(world, gateway, number, Bite::GatewayPowerCut, fault.lasts);
    case Fault::CloneGateway:
      return clone(world, fault);
    default:
      return fill_disk(world, gateway, fault);
  }
}

void hurt_forwarder(World& world, const PlannedFault& fault) {
  ForwarderNode& forwarder = a_forwarder(world, fault);
  const auto number = static_cast<std::size_t>(forwarder.number());
  switch (fault.fault) {
    case Fault::KillForwarder:
      return kill(world, forwarder, Bite::ForwarderKilled, "killed", Disk::Crash::Process, fault.lasts);
    case Fault::KillForwarderInHandler:
      return forwarder.die_in_handler(fault.how % 2 == 0, fault.how / 2 % 12);
    case Fault::KillForwarderInTurn:
      return forwarder.light_fuse(1 + fault.how % 20);
    case Fault::CutForwarderPower:
      return cut_power(world, forwarder, number, Bite::ForwarderPowerCut, fault.lasts);
    case Fault::LoseForwarderDisk:
      return forwarder.lose_disk();
    case Fault::ForwarderLeaves:
      return forwarder.leave(fault.how % 5 == 0 && others_stay(world, forwarder) ? std::nullopt
                                                                                 : std::optional{fault.lasts});
    default:
      return fill_disk(world, forwarder, fault);
  }
}

void hurt_central(World& world, const PlannedFault& fault) {
  if (fault.fault == Fault::CutOffCentral) {
    world.central.cut_off(static_cast<std::size_t>(a_forwarder(world, fault).number()));
  } else {
    world.central.set_mood(static_cast<Central::Mood>(fault.how % Central::kMoods));
  }
  world.schedule.after(fault.lasts, [&world] {
    if (!world.healed) world.central.heal();
  });
}

}  // namespace

void inflict(World& world, const PlannedFault& fault) {
  if (fault.fault <= Fault::FillGatewayDisk) return hurt_gateway(world, fault);
  if (fault.fault <= Fault::ForwarderLeaves) return hurt_forwarder(world, fault);
  switch (fault.fault) {
    case Fault::RestartBroker:
      return stop_broker(world, Broker::Stop::Restart, Bite::BrokerRestarted, fault.lasts);
    case Fault::KillBroker:
      return stop_broker(world, Broker::Stop::Kill, Bite::BrokerKilled, fault.lasts);
    case Fault::WipeBroker:
      return stop_broker(world, Broker::Stop::Wipe, Bite::BrokerWiped, fault.lasts);
    case Fault::ResetLink:
    case Fault::SilenceLink:
    case Fault::SilenceLinkOneWay:
    case Fault::CutLink:
      return hurt_link(world, fault);
    case Fault::FreezeProcess:
      return freeze(world, fault);
    case Fault::JumpClock:
      return jump_clock(world, fault);
    default:
      return hurt_central(world, fault);
  }
}

void heal(World& world) {
  world.healed = true;
  world.journal.note("everything heals");
  world.central.heal();
  world.broker.start();
  for (auto& node : world.nodes) {
    node->heal();
    if (!node->runs()) node->restart_after(Millis{1'000});
    node->wake();
  }
}

}  // namespace solar::test
