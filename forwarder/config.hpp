// The forwarder's settings and commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "forwarder/http_sink.hpp"
#include "shared/clock.hpp"
#include "shared/delivery.hpp"
#include "shared/http_address.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/settings.hpp"

namespace solar {

struct ForwarderConfig {
  MqttOptions broker;  ///< with client_id as it is set; empty: see `client_id`
  std::string group{"solar-forwarders"};

  std::string api_url{"http://central-server:8000/api/solar"};
  std::string api_token_file;
  std::string api_ca_file;
  std::string api_certificate_file;
  std::string api_key_file;
  std::string api_conflict{"retry"};
  Millis request_timeout{15'000};
  RetryPolicy retry;
  Millis knock_interval{10'000};
  std::uint32_t window_max{64};

  std::string inbox_path{"inbox.db"};
  std::uint64_t inbox_max{512ULL << 20};
  std::uint64_t dead_letters_max{8ULL << 20};
  std::string synchronous{"NORMAL"};

  Millis receipt_interval{1'000};
  Millis drain_timeout{25'000};
  Millis drain_plain_timeout{3'600'000};
  std::optional<HttpAddress> http_listen{HttpAddress{.host = "0.0.0.0", .port = 8080}};  ///< nullopt: off
  std::string log_level{"INFO"};
};

[[nodiscard]] HttpSinkOptions http_options(const ForwarderConfig& config);

/// Fills the table with every setting; `config` holds the defaults and must outlive it.
void add_settings(Settings& settings, ForwarderConfig& config);

/// The group for logs and people: its name carries a secret word (compose/mosquitto/acl says why), so anything but the
/// default is shown as a number that tells only whether two forwarders have the same.
[[nodiscard]] std::string shown_group(const std::string& group);

/// The client id that is set, else the host's name and `bits`: whoever knows a client id can take over the connection,
/// and what the broker has dealt to it is lost.
[[nodiscard]] std::string client_id(const ForwarderConfig& config, std::uint64_t bits);

/// The client id for logs and people: what follows its last '-' is shown as "(secret)" if it has 16 characters or more.
/// That is a secret word, in Kubernetes after the pod's name, or the bits of `client_id`.
[[nodiscard]] std::string shown_client_id(const std::string& client_id);

/// What contradicts itself in them.
[[nodiscard]] std::optional<Problem> settings_problem(const ForwarderConfig& config);

/// Program, commands and help around the settings.
[[nodiscard]] CommandLine command_line(const Settings& settings);

}  // namespace solar
