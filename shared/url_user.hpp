// User names in URLs: passwords follow them, and URLs stand in log lines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "shared/problem.hpp"

namespace solar {

/// Whether `authority` can be HOST or HOST:PORT.
[[nodiscard]] inline bool names_host(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (authority.empty() || colon == std::string_view::npos || authority.ends_with(']')) return !authority.empty();
  return authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
}

/// Whether `url` has a user name before its host, or is no URL and looks so.
[[nodiscard]] inline bool names_user(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url.find('@') != std::string_view::npos;
  const auto rest = url.substr(scheme + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  // Curl takes the host from behind a third slash, and a password may hold one.
  return (names_host(authority) ? authority : rest).find('@') != std::string_view::npos;
}

/// `url` for a Problem, with nothing of what may be a user name and a password.
[[nodiscard]] inline std::string shortened_url(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return shortened(url);
  const auto scheme = url.substr(0, at).find("://");
  const auto kept = scheme == std::string_view::npos ? std::string_view{} : url.substr(0, scheme + 3);
  return shortened(std::string{kept} + "..." + std::string{url.substr(at)});
}

[[nodiscard]] inline std::optional<Problem> user_problem(std::string_view url, std::string advice) {
  if (!names_user(url)) return std::nullopt;
  return Problem{"no user name and no password belongs into an address", shortened_url(url), std::move(advice)};
}

}  // namespace solar
