#include "tests/simulation/world.hpp"

#include <cassert>
#include <utility>

#include "tests/simulation/forwarder_node.hpp"
#include "tests/simulation/gateway.hpp"
#include "tests/simulation/seams.hpp"
#include "tests/simulation/tampering.hpp"

namespace solar::test {

namespace {

thread_local World* current_world = nullptr;

}  // namespace

World& World::current() {
  assert(current_world != nullptr);
  return *current_world;
}

World::World(Plan the_plan, Model the_model, Journal::Text text)
    : plan{std::move(the_plan)},
      model{the_model},
      journal{schedule, text},
      dice{plan.seed * 4 + 2},
      program_dice{plan.seed * 4 + 3},
      ledger{journal},
      network{schedule, journal, dice, [this](std::size_t node) { nodes[node]->wake(); }},
      broker{plan.broker, schedule, network, ledger, journal},
      central{schedule, ledger, journal, dice} {
  assert(current_world == nullptr);
  link_seam_is_in();
  http_seam_is_in();
  process_seam_is_in();
  current_world = this;
  network.set_delay(Millis{1}, plan.link_delay);
  central.set_delay(Millis{1}, plan.central_delay);
  broker.on_deliver([this](const ConnectionPtr& connection, const PostedPtr& posted,
                           const Schedule::What& acknowledge) { deliver(connection, posted, acknowledge); });
  for (const GatewayPlan& gateway : plan.gateways) {
    auto node = std::make_unique<Gateway>(*this, nodes.size(), gateway);
    gateways.push_back(node.get());
    nodes.push_back(std::move(node));
  }
  for (const ForwarderPlan& forwarder : plan.forwarders) {
    auto node = std::make_unique<ForwarderNode>(*this, nodes.size(), forwarders.size(), forwarder);
    forwarders.push_back(node.get());
    nodes.push_back(std::move(node));
  }
}

World::~World() {
  nodes.clear();
  current_world = nullptr;
}

/// A process that is stopped has its messages in the socket's buffer until it goes on.
void World::deliver(const ConnectionPtr& connection, const PostedPtr& posted, const Schedule::What& acknowledge) {
  if (!connection->program_has_it || connection->ended) return;
  Node& node = *nodes[connection->node];
  if (node.frozen()) {
    schedule.at(node.frozen_until(), [=, this] { deliver(connection, posted, acknowledge); });
    return;
  }
  if (auto* forwarder = dynamic_cast<ForwarderNode*>(&node)) return forwarder->take(connection, posted, acknowledge);
  node.guarded([&] { connection->handlers.on_message(posted->message); });
  acknowledge();
  node.wake();
}

void World::silence(const ConnectionPtr& connection, bool also_up) {
  network.fall_silent(connection, also_up);
  if (!also_up) return;
  schedule.after(Network::patience(*connection), [this, connection] { broker.disconnect(connection); });
}

}  // namespace solar::test
