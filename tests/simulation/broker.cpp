#include "tests/simulation/broker.hpp"

#include <algorithm>
#include <utility>

namespace solar::test {

using namespace mqtt_session;

namespace {

constexpr int kTakenOverReason = 0x8E;

}  // namespace

Broker::Broker(Settings settings, Schedule& schedule, Network& network, Ledger& ledger, Journal& journal)
    : settings_{settings}, schedule_{schedule}, network_{network}, ledger_{ledger}, journal_{journal} {}

void Broker::connect(const ConnectionPtr& connection) {
  const bool known = sessions_.contains(connection->client_id);
  Session& session = open_session(connection);
  if (session.connection) {
    journal_.bite(Bite::SessionTakenOver);
    journal_.note("broker: the session of node {} goes to node {}",
                  {static_cast<std::int64_t>(session.connection->node), static_cast<std::int64_t>(connection->node)});
    const ConnectionPtr old = session.connection;
    // Mosquitto 2.0.11 does not say why.
    const int reason = session.connections % 2 == 0 ? kTakenOverReason : 0;
    network_.down(old, [this, old, reason] { network_.tell_end(old, reason); });
    detach(session, old);
  }
  session.connection = connection;
  ++session.connections;
  connection->broker_has_it = true;
  if (known && std::exchange(session.had_share, false)) journal_.bite(Bite::ResumedWithoutSubscription);
  journal_.note("broker: node {} connects, session present {}", {static_cast<std::int64_t>(connection->node), known});
  network_.down(connection, [this, connection, known] {
    connection->limit = std::min<std::size_t>(settings_.receive_maximum, Link::kWindowMax);
    network_.tell(connection, Greeted{.session_present = known, .receive_maximum = settings_.receive_maximum});
  });
  pump(session);
}

Broker::Session& Broker::open_session(const ConnectionPtr& connection) {
  Session& session = sessions_[connection->client_id];
  session.client_id = connection->client_id;
  return session;
}

void Broker::subscribe(const ConnectionPtr& connection, const std::string& filter) {
  if (!connection->broker_has_it) return;
  Session& session = sessions_.at(connection->client_id);
  session.filters.insert(filter);
  network_.down(connection, [this, connection, filter] { network_.tell(connection, SubscribeAnswer{filter, 1}); });
}

void Broker::unsubscribe(const ConnectionPtr& connection, const std::string& filter) {
  if (!connection->broker_has_it) return;
  sessions_.at(connection->client_id).filters.erase(filter);
  network_.down(connection, [this, connection, filter] { network_.tell(connection, UnsubscribeAnswer{filter, 0}); });
}

void Broker::publish(const ConnectionPtr& connection, MqttMessage message, const Schedule::What& on_puback) {
  if (!connection->broker_has_it) return;
  auto posted = std::make_shared<Posted>();
  posted->has_readings = message.topic.ends_with("/readings");
  posted->message = std::move(message);
  route(posted);
  if (!connection->down_flows) journal_.bite(Bite::PubackLost);
  network_.down(connection, on_puback);
}

void Broker::disconnect(const ConnectionPtr& connection) {
  if (!connection->broker_has_it) return;
  Session& session = sessions_.at(connection->client_id);
  if (session.connection == connection) detach(session, connection);
}

bool Broker::publish_from_device(MqttMessage message, const std::vector<std::int64_t>& unkept) {
  if (!runs_) return false;
  auto posted = std::make_shared<Posted>();
  posted->has_readings = message.topic.ends_with("/readings");
  posted->message = std::move(message);
  posted->unkept = unkept;
  route(posted);
  return true;
}

/// The broker no longer has this connection. What it had sent and was not acknowledged goes again.
void Broker::detach(Session& session, const ConnectionPtr& connection) {
  connection->broker_has_it = false;
  session.connection = nullptr;
  session.queue.insert(session.queue.begin(), session.in_flight.begin(), session.in_flight.end());
  session.in_flight.clear();
  plan_expiry(session, connection->options.session_expiry);
}

void Broker::plan_expiry(const Session& session, Millis expiry) {
  schedule_.after(expiry, [this, id = session.client_id, connections = session.connections] {
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.connection || found->second.connections != connections) return;
    const bool had_readings = std::any_of(found->second.queue.begin(), found->second.queue.end(),
                                          [](const PostedPtr& posted) { return posted->has_readings; });
    if (had_readings) journal_.bite(Bite::SessionExpired);
    journal_.note("broker: a session expires with {} messages",
                  {static_cast<std::int64_t>(found->second.queue.size())});
    destroy(found->second.queue);
    sessions_.erase(found);
  });
}

void Broker::destroy(std::deque<PostedPtr>& messages) {
  for (const PostedPtr& posted : messages) {
    for (const std::int64_t number : posted->unkept) --ledger_.at(number).broker_copies;
  }
  messages.clear();
}

void Broker::route(const PostedPtr& posted) {
  if (posted->has_readings) return deal(posted);
  for (auto& [id, session] : sessions_) {
    if (session.filters.contains(posted->message.topic)) enqueue(session, posted);
  }
}

/// In turns, whether they are there or not.
void Broker::deal(const PostedPtr& posted) {
  std::vector<Session*> members;
  for (auto& [id, session] : sessions_) {
    if (std::any_of(session.filters.begin(), session.filters.end(), is_shared)) members.push_back(&session);
  }
  if (members.empty()) return journal_.bite(Bite::DroppedWithoutMember);
  Session& member = *members[dealt_++ % members.size()];
  if (!member.connection) journal_.bite(Bite::DealtToOffline);
  enqueue(member, posted);
}

void Broker::enqueue(Session& session, const PostedPtr& posted) {
  if (session.queue.size() >= settings_.queue_max) {
    journal_.note("broker: drops a message of {} for a full queue", {static_cast<std::int64_t>(posted->unkept.size())});
    return journal_.bite(Bite::DroppedByQueueLimit);
  }
  for (const std::int64_t number : posted->unkept) {
    ++ledger_.at(number).broker_copies;
    ledger_.seen(number, "in the broker for " + session.client_id);
  }
  session.queue.push_back(posted);
  pump(session);
}

void Broker::pump(Session& session) {
  while (session.connection && !session.queue.empty() &&
         session.in_flight.size() <
             std::min<std::size_t>(session.connection->options.receive_maximum, settings_.in_flight_max)) {
    const PostedPtr posted = session.queue.front();
    session.queue.pop_front();
    session.in_flight.push_back(posted);
    const ConnectionPtr connection = session.connection;
    if (++posted->times_sent > 1) journal_.bite(Bite::RedeliveredAfterLostAck);
    network_.down(connection, [this, connection, posted] {
      deliver_(connection, posted, [this, connection, posted] {
        network_.up(connection, [this, connection, posted] { acknowledged(connection, posted); });
      });
    });
  }
}

void Broker::acknowledged(const ConnectionPtr& connection, const PostedPtr& posted) {
  if (!connection->broker_has_it) return;
  Session& session = sessions_.at(connection->client_id);
  const auto found = std::find(session.in_flight.begin(), session.in_flight.end(), posted);
  if (found == session.in_flight.end()) return;
  session.in_flight.erase(found);
  for (const std::int64_t number : posted->unkept) --ledger_.at(number).broker_copies;
  pump(session);
}

}  // namespace solar::test
