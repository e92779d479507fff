// The publisher's settings and commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shared/clock.hpp"
#include "shared/http_address.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/reading.hpp"
#include "shared/settings.hpp"

namespace solar {

struct PublisherConfig {
  MqttOptions broker;  ///< client_id, filters and will are filled in from the rest
  Origin origin{.village = "", .device = "main"};

  std::string outbox_path{"outbox.db"};
  std::uint64_t outbox_max{512ULL << 20};
  std::uint64_t disk_reserve{8ULL << 20};

  std::string source{"-"};
  std::string accepted;  ///< empty: ids are not told
  bool follow{};

  Millis receipt_timeout{60'000};
  std::uint32_t window_start{100};
  std::uint32_t window_max{1000};
  Millis status_interval{15 * 60'000};
  std::optional<HttpAddress> http_listen;  ///< nullopt: off
  std::string log_level{"INFO"};
};

/// Fills the table with every setting; `config` holds the defaults and must outlive it.
void add_settings(Settings& settings, PublisherConfig& config);

/// Program, commands and help around the settings; `send_timeout` is where `send --timeout` goes.
[[nodiscard]] CommandLine command_line(const Settings& settings, Millis& send_timeout);

}  // namespace solar
