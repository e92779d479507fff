// The way between programs and the broker: in order, with delay, and now and then not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "shared/mqtt_session.hpp"
#include "shared/mqtt_session_link.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/journal.hpp"

namespace solar::test {

/// One try to connect, and the connection that it may become, with both ends.
struct Connection {
  std::size_t node{};
  std::uint64_t disk_number{};  ///< which of the node's disks it began with
  std::string client_id;
  MqttOptions options;
  mqtt_session::Handlers handlers;
  mqtt_session::Mailbox mailbox;  ///< to the program

  bool program_has_it{true};  ///< else nobody takes what comes
  bool broker_has_it{};
  bool ended{};           ///< the program has been told
  bool up_flows{true};    ///< from the program to the broker
  bool down_flows{true};  ///< and back
  Millis up_at{};         ///< the last arrival: what follows comes later
  Millis down_at{};

  std::size_t limit{mqtt_session::Link::kWindowMax};
  std::size_t in_flight{};  ///< the program's publishes without a PUBACK
};
using ConnectionPtr = std::shared_ptr<Connection>;

/// Owner: the world. One thread.
class Network {
 public:
  Network(Schedule& schedule, Journal& journal, Dice& dice, std::function<void(std::size_t node)> wake)
      : schedule_{schedule}, journal_{journal}, dice_{dice}, wake_{std::move(wake)} {}

  /// `what` happens at the other end, unless the way is cut by then.
  void up(const ConnectionPtr& connection, Schedule::What what);
  void down(const ConnectionPtr& connection, Schedule::What what);

  /// Tells the program something about its connection.
  void tell(const ConnectionPtr& connection, mqtt_session::Note note);
  /// The program notices that the connection has ended, once.
  void tell_end(const ConnectionPtr& connection, int reason);

  /// Nothing goes any more, in one direction or both; the program notices when the keepalive has passed.
  void fall_silent(const ConnectionPtr& connection, bool also_up);
  /// How long both sides wait for a sign of life.
  [[nodiscard]] static Millis patience(const Connection& connection) { return connection.options.keepalive * 3 / 2; }

  void set_delay(Millis low, Millis high) {
    delay_low_ = low;
    delay_high_ = high;
  }

 private:
  [[nodiscard]] Millis arrival(Millis& last);

  Schedule& schedule_;
  Journal& journal_;
  Dice& dice_;
  std::function<void(std::size_t)> wake_;
  Millis delay_low_{1};
  Millis delay_high_{30};
};

}  // namespace solar::test
