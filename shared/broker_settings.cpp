#include "shared/broker_settings.hpp"

#include "shared/mqtt_session_url.hpp"
#include "shared/tls_files.hpp"

namespace solar {

namespace {

std::optional<Problem> assign_url(const std::string& text, std::string& url) {
  const auto uri = paho_uri(text);
  if (const auto* const problem = std::get_if<Problem>(&uri)) return *problem;
  url = text;
  return std::nullopt;
}

}  // namespace

void add_broker_settings(Settings& settings, MqttOptions& options) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  settings.add({.name = "broker-url",
                .what = "MQTT broker (version 5); mqtts and wss verify its host name",
                .allowed = "mqtt://HOST[:PORT], mqtts://, ws:// or wss://",
                .default_text = options.url,
                .assign = [&options](const std::string& text) { return assign_url(text, options.url); }});
  settings.add_text("mqtt-username", options.username, "user name at the broker");
  settings.add_file(
      "mqtt-password-file", options.password_file,
      "file that holds the password, read at every connect; only with mqtts:// or wss://, or to this machine", "path");
  settings.add_file("mqtt-ca-file", options.ca_file,
                    "CAs that the broker's certificate is checked against; empty: the system's", "path, PEM");
  settings.add_file("mqtt-certificate-file", options.certificate_file, "client certificate for the broker",
                    "path, PEM");
  settings.add_file("mqtt-key-file", options.key_file, "private key of the client certificate", "path, PEM");
  settings.add_duration("keepalive", options.keepalive, seconds{1}, hours{1},
                        "longest silence on the broker link before a ping");
  settings.add_duration("connect-timeout", options.connect_timeout, seconds{1}, minutes{5},
                        "how long one try to connect to the broker may take");
  settings.add_duration("session-expiry", options.session_expiry, Millis{0}, hours{24 * 365},
                        "how long the broker keeps our session while we are away");
  settings.add_duration("reconnect-max", options.reconnect_max, Millis{10}, hours{1},
                        "longest wait between two tries to connect to the broker");
  settings.add_duration(
      "reconnect-spread", options.reconnect_spread, Millis{0}, hours{1},
      "the first try after an outage waits a random part of this, so that a fleet does not come all at once");
}

std::optional<Problem> broker_settings_problem(const MqttOptions& options) {
  if (auto problem = tls_settings_problem(
          {.ca = options.ca_file, .certificate = options.certificate_file, .key = options.key_file},
          options.password_file.empty() ? "" : "password-file", "mqtt-", options.url))
    return problem;
  if (!options.password_file.empty() && options.username.empty())
    return Problem{"mqtt-password-file without mqtt-username", shortened(options.password_file), "set both"};
  return std::nullopt;
}

}  // namespace solar
