#include "shared/mqtt_session_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "shared/url_user.hpp"

namespace solar {
namespace {

struct Scheme {
  std::string_view prefix;
  std::string_view paho;
  std::string_view port;
  bool has_path;
};

constexpr std::array kSchemes{
    Scheme{"mqtt://", "tcp://", "1883", false},
    Scheme{"mqtts://", "ssl://", "8883", false},
    Scheme{"ws://", "ws://", "80", true},
    Scheme{"wss://", "wss://", "443", true},
};

Problem problem(std::string what, std::string_view url) {
  return {std::move(what), shortened_url(url), "write mqtt://host:port, or mqtts:// ws:// wss://"};
}

bool is_port(std::string_view text) {
  std::uint32_t port{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

/// Where the colon before the port is; npos without one. An IPv6 address has colons within its brackets.
std::size_t port_colon(std::string_view authority) {
  const auto after_brackets = authority.starts_with('[') ? authority.find(']') : 0;
  return after_brackets == std::string_view::npos ? after_brackets : authority.find(':', after_brackets);
}

}  // namespace

Result<std::string> paho_uri(std::string_view url) {
  if (auto user = user_problem(url, "set MQTT_USERNAME and MQTT_PASSWORD_FILE")) return *std::move(user);
  const auto* const scheme =
      std::find_if(kSchemes.begin(), kSchemes.end(), [&](const Scheme& s) { return url.starts_with(s.prefix); });
  if (scheme == kSchemes.end()) return problem("not the address of a broker", url);

  const auto rest = url.substr(scheme->prefix.size());
  const auto authority = rest.substr(0, rest.find('/'));
  const auto path = rest.substr(authority.size());
  if (!scheme->has_path && !path.empty() && path != "/") return problem("a path after the broker's address", url);

  const auto colon = port_colon(authority);
  const auto host = authority.substr(0, colon);
  if (host.empty() || host.find_first_of(" \t\r\n?#") != std::string_view::npos)
    return problem("no host in the broker's address", url);
  if (host.starts_with('[') && !host.ends_with(']')) return problem("no host in the broker's address", url);
  const auto port = colon == std::string_view::npos ? scheme->port : authority.substr(colon + 1);
  if (!is_port(port)) return problem("no port from 1 to 65535 in the broker's address", url);

  std::string uri{scheme->paho};
  uri.append(host).append(":").append(port);
  if (scheme->has_path) uri.append(path);
  return uri;
}

std::string checked_paho_uri(const std::string& url) {
  auto uri = paho_uri(url);
  if (const auto* const problem = std::get_if<Problem>(&uri)) throw std::invalid_argument{to_line(*problem)};
  return std::get<std::string>(std::move(uri));
}

HostAndPort host_and_port(std::string_view uri) {
  const auto rest = uri.substr(uri.find("://") + 3);
  const auto authority = rest.substr(0, rest.find('/'));
  const auto colon = port_colon(authority);
  auto host = authority.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {std::string{host}, std::string{authority.substr(colon + 1)}};
}

bool is_tls(std::string_view uri) { return uri.starts_with("ssl://") || uri.starts_with("wss://"); }

}  // namespace solar
