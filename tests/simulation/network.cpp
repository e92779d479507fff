#include "tests/simulation/network.hpp"

#include <algorithm>
#include <utility>

namespace solar::test {

Millis Network::arrival(Millis& last) {
  last = std::max(last, schedule_.now() + dice_.between(delay_low_, delay_high_));
  return last;
}

void Network::up(const ConnectionPtr& connection, Schedule::What what) {
  schedule_.at(arrival(connection->up_at), [this, connection, what = std::move(what)] {
    if (connection->up_flows) return what();
    journal_.bite(Bite::MessageLost);
  });
}

void Network::down(const ConnectionPtr& connection, Schedule::What what) {
  schedule_.at(arrival(connection->down_at), [this, connection, what = std::move(what)] {
    if (!connection->program_has_it || connection->ended) return;
    if (connection->down_flows) return what();
    journal_.bite(Bite::MessageLost);
  });
}

void Network::tell(const ConnectionPtr& connection, mqtt_session::Note note) {
  if (!connection->program_has_it || connection->ended) return;
  connection->mailbox.push(std::move(note));
  connection->handlers.wake();
  wake_(connection->node);
}

void Network::tell_end(const ConnectionPtr& connection, int reason) {
  tell(connection, mqtt_session::Loss{reason});
  connection->ended = true;
}

void Network::fall_silent(const ConnectionPtr& connection, bool also_up) {
  connection->down_flows = false;
  if (also_up) connection->up_flows = false;
  schedule_.after(patience(*connection), [this, connection] { tell_end(connection, 0); });
}

}  // namespace solar::test
