#include "shared/http_address.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace solar {

namespace {

constexpr const char* kAdvice = "give an address and a port, as in 127.0.0.1:8080 or [::1]:8080, or off";

bool is_address(int family, const std::string& text) {
  in6_addr unused{};
  return ::inet_pton(family, text.c_str(), &unused) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

Result<HttpAddress> parse_http_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Problem{"no port", shortened(text), kAdvice};
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return Problem{"not a port, 0 to 65535", shortened(text), kAdvice};
  std::string host{text.substr(0, colon)};
  if (host == "localhost") host = "127.0.0.1";
  if (is_address(AF_INET, host)) return HttpAddress{.host = std::move(host), .port = *port};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed && is_address(AF_INET6, host)) return HttpAddress{.host = std::move(host), .port = *port};
  return Problem{"not an address to listen at", shortened(text), kAdvice};
}

std::string to_string(const HttpAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

HttpAddress local(HttpAddress address) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  in6_addr any{};
  if (::inet_pton(AF_INET6, address.host.c_str(), &any) == 1 && IN6_IS_ADDR_UNSPECIFIED(&any)) address.host = "::1";
  return address;
}

Setting http_listen_setting(std::optional<HttpAddress>& target) {
  return {.name = "http-listen",
          .what = "where `run` answers /healthz, /readyz and /metrics",
          .allowed = "HOST:PORT, or off",
          .default_text = target ? to_string(*target) : "off",
          .assign = [&target](const std::string& text) -> std::optional<Problem> {
            if (text.empty() || text == "off") {
              target.reset();
              return std::nullopt;
            }
            auto address = parse_http_address(text);
            if (const auto* problem = std::get_if<Problem>(&address)) return *problem;
            target = std::get<HttpAddress>(std::move(address));
            return std::nullopt;
          }};
}

}  // namespace solar
