// The broker's address as people write it, and as Paho wants it.
#pragma once

#include <string>
#include <string_view>

#include "shared/problem.hpp"

namespace solar {

/// mqtt:// becomes tcp:// and mqtts:// ssl://; ws:// and wss:// stay, with their path. A missing port becomes 1883,
/// 8883, 80 or 443. A Problem for every other scheme, an empty host, a port outside 1 to 65535, a user name in the
/// address (it would be logged) or a path after mqtt(s)://host:port.
[[nodiscard]] Result<std::string> paho_uri(std::string_view url);

/// The same; throws std::invalid_argument where that is a Problem.
[[nodiscard]] std::string checked_paho_uri(const std::string& url);

struct HostAndPort {
  std::string host;  ///< without brackets
  std::string port;
};

/// Of a `uri` from paho_uri.
[[nodiscard]] HostAndPort host_and_port(std::string_view uri);

/// Whether `uri` from paho_uri is a TLS one.
[[nodiscard]] bool is_tls(std::string_view uri);

}  // namespace solar
