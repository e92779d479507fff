// A broker as Mosquitto is one: QoS 1, shared subscriptions that deal to members who are offline, sessions that expire,
// queues with a limit that drop after the PUBACK, restarts that forget the shared subscriptions.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/ledger.hpp"
#include "tests/simulation/network.hpp"

namespace solar::test {

/// A message within the broker.
struct Posted {
  MqttMessage message;
  std::vector<std::int64_t> unkept;  ///< readings in it that nobody sends again
  bool has_readings{};
  std::uint64_t times_sent{};
};
using PostedPtr = std::shared_ptr<Posted>;

/// Owner: the world. One thread. What arrives does so through a Network.
class Broker {
 public:
  struct Settings {
    std::size_t queue_max{1000};        ///< messages of a session beyond those in flight
    std::uint16_t receive_maximum{20};  ///< what clients may have out to the broker
    std::size_t in_flight_max{20};      ///< what the broker has out to a client, however much that takes
  };
  /// What to do when a message arrives at a program; `acknowledge` sends the PUBACK.
  using Deliver = std::function<void(const ConnectionPtr&, const PostedPtr&, const Schedule::What& acknowledge)>;

  enum class Stop {
    Restart,  ///< in order: messages and sessions are kept, shared subscriptions are not
    Kill,     ///< sessions are kept, messages are not
    Wipe,     ///< nothing is kept
  };

  Broker(Settings settings, Schedule& schedule, Network& network, Ledger& ledger, Journal& journal);
  void on_deliver(Deliver deliver) { deliver_ = std::move(deliver); }

  // What clients send, as it arrives.
  void connect(const ConnectionPtr& connection);
  void subscribe(const ConnectionPtr& connection, const std::string& filter);
  void unsubscribe(const ConnectionPtr& connection, const std::string& filter);
  void publish(const ConnectionPtr& connection, MqttMessage message, const Schedule::What& on_puback);
  void disconnect(const ConnectionPtr& connection);
  /// A device without a session; false: the broker is down.
  bool publish_from_device(MqttMessage message, const std::vector<std::int64_t>& unkept);

  // Faults.
  void stop(Stop how);
  void start();
  [[nodiscard]] bool runs() const { return runs_; }
  void reset(const ConnectionPtr& connection);

  /// The connection of a client, if it has one.
  [[nodiscard]] ConnectionPtr connection_of(std::size_t node) const;
  /// Messages with readings that wait in a client's session, sent or not.
  [[nodiscard]] std::size_t readings_waiting(const std::string& client_id) const;
  [[nodiscard]] std::size_t readings_waiting() const;

 private:
  struct Session {
    std::string client_id;
    std::set<std::string> filters;
    std::deque<PostedPtr> queue;
    std::deque<PostedPtr> in_flight;
    ConnectionPtr connection;
    std::uint64_t connections{};
    bool had_share{};  ///< of the shared subscription, which the broker has forgotten since
  };

  Session& open_session(const ConnectionPtr& connection);
  void detach(Session& session, const ConnectionPtr& connection);
  void plan_expiry(const Session& session, Millis expiry);
  void route(const PostedPtr& posted);
  void deal(const PostedPtr& posted);
  void enqueue(Session& session, const PostedPtr& posted);
  void pump(Session& session);
  void acknowledged(const ConnectionPtr& connection, const PostedPtr& posted);
  void destroy(std::deque<PostedPtr>& messages);
  static bool is_shared(const std::string& filter) { return filter.starts_with("$share/"); }

  Settings settings_;
  Schedule& schedule_;
  Network& network_;
  Ledger& ledger_;
  Journal& journal_;
  Deliver deliver_;
  bool runs_{true};
  std::map<std::string, Session> sessions_;
  std::uint64_t dealt_{};
};

}  // namespace solar::test
