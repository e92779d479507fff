// One connection: a Paho client that is used once.
#pragma once

#include <mqtt/async_client.h>

#include <memory>
#include <optional>
#include <string>

#include "shared/mqtt_session.hpp"
#include "shared/mqtt_session_mailbox.hpp"

namespace solar::mqtt_session {

/// What Paho's threads call.
struct Handlers {
  MqttSession::OnMessage on_message;
  MqttSession::Wake wake;
};

/// A Paho client for one try to connect and the connection that it may become. It is made anew for every try: so Paho
/// has nothing to send again from an earlier connection (the courier alone retries), none of its reconnects' leaks, and
/// all callbacks are set before the only connect.
///
/// Threads: used by the courier's alone; its listeners run on Paho's and only put notes into the mailbox. When the
/// destructor has returned, none of them runs or will run: Paho's lock, under which they are called, is also taken to
/// destroy a client.
class Link {
 public:
  static constexpr std::size_t kWindowMax = 100;  ///< publishes without a PUBACK, whatever the broker takes

  /// Throws mqtt::exception.
  Link(const std::string& uri, const std::string& client_id, Handlers handlers);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Each starts something, and throws mqtt::exception where that is not possible; answers come as notes.
  void connect(const MqttOptions& options, const std::string& password, bool tls);
  void subscribe(const std::string& filter);
  void unsubscribe(const std::string& filter);

  [[nodiscard]] Mailbox& mailbox();
  /// Publishes that may be started, once greeted; the broker's receive maximum is known by then.
  [[nodiscard]] std::size_t room() const;
  void set_receive_maximum(std::size_t broker_maximum);
  /// False: not started.
  [[nodiscard]] bool publish(const MqttMessage& message);

  /// Publishes `last`, waits for all PUBACKs, then for the end of the connection, no longer than `timeout` each. No
  /// will is sent.
  void close(Millis timeout, const std::optional<MqttMessage>& last);

 private:
  class Ears;
  std::unique_ptr<Ears> ears_;  // outlives the client, which calls it
  std::unique_ptr<mqtt::async_client> client_;
};

}  // namespace solar::mqtt_session
