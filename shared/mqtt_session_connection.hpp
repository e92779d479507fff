// What an MqttSession does: from try to try, from connection to connection.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "shared/mqtt_session.hpp"
#include "shared/mqtt_session_backoff.hpp"
#include "shared/mqtt_session_diagnosis.hpp"
#include "shared/mqtt_session_link.hpp"
#include "shared/mqtt_session_mailbox.hpp"
#include "shared/name_lookup.hpp"
#include "shared/random_bits.hpp"

namespace solar {

/// Threads: the courier's alone.
class MqttSession::Connection {
 public:
  Connection(MqttOptions options, OnMessage on_message, Wake wake);

  Millis tick(Now now);
  std::vector<MqttEvent> take_events();
  [[nodiscard]] bool up() const { return state_ == State::Up; }
  [[nodiscard]] std::size_t room() const { return up() ? link_->room() : 0; }
  bool publish(const MqttMessage& message) { return room() > 0 && fits(message) && link_->publish(message); }
  [[nodiscard]] bool fits(const MqttMessage& message) const;
  void subscribe(const std::string& filter);
  void unsubscribe(const std::string& filter);
  void change_client_id(std::string client_id);
  void disconnect(Millis timeout, const std::optional<MqttMessage>& last);

 private:
  using Diagnosis = mqtt_session::Diagnosis;
  using Link = mqtt_session::Link;

  enum class State { Waiting, Resolving, Connecting, Diagnosing, Subscribing, Up, Ended };

  [[nodiscard]] bool greeted() const { return state_ == State::Subscribing || state_ == State::Up; }
  [[nodiscard]] std::optional<MqttEvent> files_problem() const;
  void start_try(Now now);
  void look_at_name();
  void connect();
  void diagnose(std::string without);
  void look_at_diagnosis();
  void read_notes();
  void on(const mqtt_session::Greeted& note);
  void on(const mqtt_session::Refusal& note);
  void on(const mqtt_session::Loss& note);
  void on(const mqtt_session::SubscribeAnswer& note);
  void on(const mqtt_session::UnsubscribeAnswer& note);
  void on(const mqtt_session::PublishRefusal& note);
  void ask(void (Link::*what)(const std::string&), const std::string& filter);
  void connect_again_with(Millis keepalive);
  void up_if_granted();
  void end_with(MqttEvent event);
  void tell(MqttEvent event);
  double chance() { return std::uniform_real_distribution<double>{0.0, 1.0}(random_); }

  MqttOptions options_;
  std::string uri_;
  mqtt_session::Handlers handlers_;
  Diagnosis diagnosis_;
  mqtt_session::Backoff backoff_;
  std::mt19937_64 random_{random_bits()};

  State state_{State::Waiting};
  std::optional<NameLookup> lookup_;  ///< in Resolving, or one that the last try did not wait for
  Addresses addresses_;               ///< of the present try, or of the last one
  std::unique_ptr<Link> link_;        ///< from Connecting to Up, but not in Diagnosing
  std::string undiagnosed_;           ///< why the try failed, as long as nothing better is known
  std::set<std::string> to_grant_;    ///< filters without a SUBACK on this connection
  std::set<std::string> leaving_;     ///< filters that the broker may still have and shall not
  std::vector<MqttEvent> events_;
  mqtt_session::Greeted greeting_;

  Now now_{};                              ///< of the last tick
  std::optional<Millis> wait_{Millis{0}};  ///< until the next try, counted from the next tick
  Millis next_try_{};
  std::optional<Millis> deadline_;  ///< of the try; set by the tick that sees it missing
  std::optional<Millis> up_since_;
};

}  // namespace solar
