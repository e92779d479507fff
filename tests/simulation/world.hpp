// One history's world: everything that is not a program under test.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "tests/simulation/broker.hpp"
#include "tests/simulation/central.hpp"
#include "tests/simulation/model.hpp"
#include "tests/simulation/plan.hpp"

namespace solar::test {

class Node;
class Gateway;
class ForwarderNode;

/// The process of a program ends here: thrown in place of `_exit`, and where a kill is played in the middle of a turn.
struct ProcessEnd {
  const char* why;
};

/// Owner: one history. One thread, on which it is `World::current()` while it lives: the programs reach it through the
/// seams (link_seam.cpp, http_seam.cpp, process_seam.cpp), which stand for Paho, curl and the operating system.
class World {
 public:
  World(Plan plan, Model model, Journal::Text text);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  [[nodiscard]] static World& current();

  const Plan plan;
  const Model model;
  Schedule schedule;
  Journal journal;
  Dice dice;          ///< for the world
  Dice program_dice;  ///< for the programs' random_bits
  Ledger ledger;
  Network network;
  Broker broker;
  Central central;
  std::vector<std::unique_ptr<Node>> nodes;  ///< gateways, then forwarders, then clones
  std::vector<Gateway*> gateways;
  std::vector<ForwarderNode*> forwarders;
  bool healed{};

  void deliver(const ConnectionPtr& connection, const PostedPtr& posted, const Schedule::What& acknowledge);
  /// The connection carries nothing any more, until both ends notice.
  void silence(const ConnectionPtr& connection, bool also_up);
};

}  // namespace solar::test
