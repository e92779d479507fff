// In place of shared/mqtt_session_link.cpp: a connection over the virtual network to the virtual broker.
#include <charconv>
#include <utility>

#include "shared/mqtt_session_link.hpp"
#include "tests/simulation/node.hpp"
#include "tests/simulation/seams.hpp"
#include "tests/simulation/tampering.hpp"

namespace solar::mqtt_session {

using test::ConnectionPtr;
using test::World;

namespace {

/// tcp://10.0.0.<number>:1883
std::size_t node_of(const std::string& uri) {
  std::size_t number = 0;
  const std::string_view before = "//10.0.0.";  // an address: names are resolved on another thread
  const std::size_t at = uri.find(before) + before.size();
  std::from_chars(uri.data() + at, uri.data() + uri.size(), number);
  return number;
}

}  // namespace

class Link::Ears {
 public:
  ConnectionPtr connection = std::make_shared<test::Connection>();
};

Link::Link(const std::string& uri, const std::string& client_id, Handlers handlers) : ears_{std::make_unique<Ears>()} {
  test::Connection& connection = *ears_->connection;
  connection.node = node_of(uri);
  connection.disk_number = World::current().nodes[connection.node]->disk_number;
  connection.client_id = client_id;
  connection.handlers = std::move(handlers);
}

Link::~Link() {
  World& world = World::current();
  const ConnectionPtr connection = ears_->connection;
  connection->program_has_it = false;
  connection->handlers = {};
  world.network.up(connection, [&world, connection] { world.broker.disconnect(connection); });
}

void Link::connect(const MqttOptions& options, const std::string& /*password*/, bool /*tls*/) {
  World& world = World::current();
  const ConnectionPtr connection = ears_->connection;
  connection->options = options;
  if (!world.nodes[connection->node]->link_up) connection->up_flows = false;
  world.network.up(connection, [&world, connection] {
    if (world.broker.runs()) return world.broker.connect(connection);
    world.network.down(connection, [&world, connection] {
      world.network.tell(connection, Refusal{.reason = 0, .text = "connection refused"});
    });
  });
}

void Link::subscribe(const std::string& filter) {
  World& world = World::current();
  world.network.up(ears_->connection,
                   [&world, connection = ears_->connection, filter] { world.broker.subscribe(connection, filter); });
}

void Link::unsubscribe(const std::string& filter) {
  World& world = World::current();
  world.network.up(ears_->connection,
                   [&world, connection = ears_->connection, filter] { world.broker.unsubscribe(connection, filter); });
}

Mailbox& Link::mailbox() { return ears_->connection->mailbox; }

std::size_t Link::room() const {
  const test::Connection& connection = *ears_->connection;
  return connection.limit - std::min(connection.limit, connection.in_flight);
}

void Link::set_receive_maximum(std::size_t broker_maximum) {
  ears_->connection->limit = std::min(broker_maximum, kWindowMax);
}

bool Link::publish(const MqttMessage& message) {
  World& world = World::current();
  const ConnectionPtr connection = ears_->connection;
  test::Node& node = *world.nodes[connection->node];
  node.count_step();
  if (connection->in_flight >= connection->limit) {
    throw test::Violation{node.name() + " sends beyond the broker's receive maximum"};
  }
  ++connection->in_flight;
  MqttMessage sent = message;
  test::look_at(world, node, sent);
  world.network.up(connection, [&world, connection, sent = std::move(sent)] {
    world.broker.publish(connection, sent, [&world, connection, sent] {
      test::on_puback(world, *world.nodes[connection->node], sent);
      const bool was_full = connection->in_flight-- >= connection->limit;
      if (!was_full) return;
      connection->handlers.wake();
      world.nodes[connection->node]->wake();
    });
  });
  return true;
}

void Link::close(Millis /*timeout*/, const std::optional<MqttMessage>& last) {
  if (last) static_cast<void>(publish(*last));
}

}  // namespace solar::mqtt_session

namespace solar::test {

void link_seam_is_in() {}

}  // namespace solar::test
