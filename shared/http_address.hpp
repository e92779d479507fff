// Where the status server listens: HOST:PORT.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/problem.hpp"
#include "shared/settings.hpp"

namespace solar {

struct HttpAddress {
  std::string host;      ///< an IPv4 or IPv6 address, without brackets
  std::uint16_t port{};  ///< 0: any free one

  bool operator==(const HttpAddress&) const = default;
};

/// "0.0.0.0:8080", "[::1]:8080", "localhost:8080"; no other names: nobody wants to wait for a name server here.
[[nodiscard]] Result<HttpAddress> parse_http_address(std::string_view text);

/// As parse_http_address reads it.
[[nodiscard]] std::string to_string(const HttpAddress& address);

/// Where a process on the same machine finds it: 0.0.0.0 is reached at 127.0.0.1, [::] at [::1].
[[nodiscard]] HttpAddress local(HttpAddress address);

/// The setting `http-listen`: an address, or `off` (nullopt). `target` holds the default and must outlive the table.
[[nodiscard]] Setting http_listen_setting(std::optional<HttpAddress>& target);

}  // namespace solar
