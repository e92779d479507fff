// What can happen to the broker, and what can be seen of it.
#include <algorithm>

#include "tests/simulation/broker.hpp"

namespace solar::test {

void Broker::stop(Stop how) {
  runs_ = false;
  for (auto& [id, session] : sessions_) {
    if (const ConnectionPtr connection = session.connection) {
      detach(session, connection);
      network_.down(connection, [this, connection] { network_.tell_end(connection, 0); });
    }
    session.had_share = std::erase_if(session.filters, is_shared) > 0;
    if (how != Stop::Restart) destroy(session.queue);
  }
  if (how == Stop::Wipe) sessions_.clear();
}

void Broker::start() { runs_ = true; }

void Broker::reset(const ConnectionPtr& connection) {
  network_.tell_end(connection, 0);
  connection->up_flows = false;
  disconnect(connection);
}

ConnectionPtr Broker::connection_of(std::size_t node) const {
  for (const auto& [id, session] : sessions_) {
    if (session.connection && session.connection->node == node) return session.connection;
  }
  return nullptr;
}

std::size_t Broker::readings_waiting(const std::string& client_id) const {
  const auto session = sessions_.find(client_id);
  if (session == sessions_.end()) return 0;
  const auto has_readings = [](const PostedPtr& posted) { return posted->has_readings; };
  const auto& [queue, in_flight] = std::tie(session->second.queue, session->second.in_flight);
  return static_cast<std::size_t>(std::count_if(queue.begin(), queue.end(), has_readings) +
                                  std::count_if(in_flight.begin(), in_flight.end(), has_readings));
}

std::size_t Broker::readings_waiting() const {
  std::size_t waiting = 0;
  for (const auto& [id, session] : sessions_) waiting += readings_waiting(id);
  return waiting;
}

}  // namespace solar::test
