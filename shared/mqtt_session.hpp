// A lasting MQTT v5 session over connections that come and go. mqtt_session*.cpp are the only files that know Paho.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/clock.hpp"

namespace solar {

struct MqttMessage {
  std::string topic;
  std::string payload;
  bool retained{};
  std::string content_type;
  std::optional<std::string> content_encoding;  ///< user property `content-encoding`

  bool operator==(const MqttMessage&) const = default;
};

struct MqttOptions {
  std::string url{"mqtt://localhost:1883"};  ///< mqtt:// mqtts:// ws:// wss://
  std::string client_id;
  std::string username;
  std::string password_file;  ///< read again at every connect; empty: none
  std::string ca_file;        ///< empty: the system's CAs. Host names are always verified.
  std::string certificate_file;
  std::string key_file;
  Millis keepalive{60'000};  ///< at most: a broker may ask for less
  Millis connect_timeout{30'000};
  Millis session_expiry{3'600'000};
  Millis reconnect_min{1'000};  ///< wait before the second try; doubles
  Millis reconnect_max{60'000};
  Millis reconnect_spread{60'000};     ///< the first try after a lost connection waits a random part of this
  std::uint16_t receive_maximum{100};  ///< messages that the broker may have out to us unacknowledged
  std::uint32_t maximum_packet_bytes{1024 * 1024};
  std::vector<std::string> filters;  ///< subscribed with QoS 1 on every connect, whatever session_present says
  std::optional<MqttMessage> will;
  std::optional<MqttMessage> birth;  ///< published after every connect
};

// What happened, in order, for the courier's thread. Every Connected is followed by a Disconnected once it is over; a
// try that fails is told by one Disconnected or Denied.
struct Connected {
  bool session_present{};
};  ///< and all filters were granted QoS 1
struct Disconnected {
  std::string why;
};                    ///< lost, or a try to connect that failed
struct TakenOver {};  ///< 0x8E: somebody else uses our client id; Disconnected follows
struct Denied {
  std::string what;
  std::string why;
};  ///< "login", a subscription or a message was refused; tried again
struct Unsubscribed {
  std::string filter;
};  ///< for every `unsubscribe`, maybe only after the next connect
using MqttEvent = std::variant<Connected, Disconnected, TakenOver, Denied, Unsubscribed>;

/// Owner: the program. Survives any number of connections; keeps no message: Paho's persistence and buffering are off,
/// and every connection has a Paho client of its own, so that nothing is sent again but by the courier.
///
/// Threads: everything is called from one thread (the courier's), but `on_message` and `wake` run on Paho's. A message
/// is PUBACKed when `on_message` has returned, so whoever needs it durable commits there. `on_message` must not call
/// this class, wait for anybody, or throw. `wake` tells that `take_events` has something.
class MqttSession {
 public:
  using OnMessage = std::function<void(const MqttMessage&)>;
  using Wake = std::function<void()>;

  /// Throws std::runtime_error if the Paho C library is older than 1.3.10: it acknowledges before the handler ran; and
  /// std::invalid_argument if the url is none (mqtt_session_url.hpp checks one).
  MqttSession(MqttOptions options, OnMessage on_message, Wake wake);
  ~MqttSession();
  MqttSession(const MqttSession&) = delete;
  MqttSession& operator=(const MqttSession&) = delete;

  /// Connects when it is time to; the first try goes at once. Returns the steady time by which to call again.
  [[nodiscard]] Millis tick(Now now);
  /// What has happened since the last call; bounded.
  [[nodiscard]] std::vector<MqttEvent> take_events();

  [[nodiscard]] bool connected() const;  ///< subscribed, too
  /// Publishes that may be started now: the broker's receive maximum (and 100 at most) less those without PUBACK; 0
  /// unless connected.
  [[nodiscard]] std::size_t room() const;
  /// Starts to publish with QoS 1; false if there is no room or no connection, or if it does not fit. Completion is not
  /// told: only a receipt counts.
  bool publish(const MqttMessage& message);
  /// Whether the present connection's broker takes a packet of that size; it would end the connection otherwise.
  [[nodiscard]] bool fits(const MqttMessage& message) const;

  void subscribe(const std::string& filter);  ///< adds to the filters; now, and on every connect
  /// Takes it out of the filters and out of the broker's session: now, or after the next connect. `Unsubscribed`
  /// follows.
  void unsubscribe(const std::string& filter);
  /// The id for the next connection; ends the present one.
  void change_client_id(std::string client_id);
  /// Publishes `last` if given, waits up to `timeout` for the PUBACKs of all that was published, ends the connection
  /// without sending the will, and never connects again.
  void disconnect(Millis timeout, const std::optional<MqttMessage>& last = std::nullopt);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace solar
