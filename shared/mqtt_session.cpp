#include "shared/mqtt_session.hpp"

#include <stdexcept>
#include <utility>

#include "shared/mqtt_session_connection.hpp"
#include "shared/mqtt_session_version.hpp"

namespace solar {

using namespace mqtt_session;

MqttSession::MqttSession(MqttOptions options, OnMessage on_message, Wake wake) {
  if (!acknowledges_after_handler(paho_version())) {
    throw std::runtime_error{"the Paho C library " + paho_version() +
                             " acknowledges messages before they are handled; " + "1.3.10 or later is needed"};
  }
  connection_ = std::make_unique<Connection>(std::move(options), std::move(on_message), std::move(wake));
}

MqttSession::~MqttSession() = default;

Millis MqttSession::tick(Now now) { return connection_->tick(now); }
std::vector<MqttEvent> MqttSession::take_events() { return connection_->take_events(); }
bool MqttSession::connected() const { return connection_->up(); }
std::size_t MqttSession::room() const { return connection_->room(); }
bool MqttSession::publish(const MqttMessage& message) { return connection_->publish(message); }
bool MqttSession::fits(const MqttMessage& message) const { return connection_->fits(message); }
void MqttSession::subscribe(const std::string& filter) { connection_->subscribe(filter); }
void MqttSession::unsubscribe(const std::string& filter) { connection_->unsubscribe(filter); }
void MqttSession::change_client_id(std::string client_id) { connection_->change_client_id(std::move(client_id)); }
void MqttSession::disconnect(Millis timeout, const std::optional<MqttMessage>& last) {
  connection_->disconnect(timeout, last);
}

}  // namespace solar
