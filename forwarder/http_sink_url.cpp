#include <curl/curl.h>

#include <memory>
#include <stdexcept>

#include "forwarder/http_sink.hpp"
#include "forwarder/http_sink_exchange.hpp"
#include "shared/url_user.hpp"

namespace solar {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

/// Null where curl takes it for none.
Url parsed(const std::string& text) {
  Url url{curl_url()};
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

/// Empty where there is none.
std::string part_of(const Url& url, CURLUPart part) {
  char* text{};
  if (curl_url_get(url.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy{text};
  curl_free(text);
  return copy;
}

bool begins_as_central(std::string_view text) {
  // Curl would skip a third slash, and find a host behind it.
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme)) return !text.substr(scheme.size()).starts_with('/');
  return false;
}

}  // namespace

std::optional<Problem> central_url_problem(const std::string& text) {
  if (auto user = user_problem(text, "set API_TOKEN_FILE")) return user;
  const auto url = begins_as_central(text) ? parsed(text) : Url{};
  if (!url) return Problem{"not central's URL", shortened_url(text), "give http://HOST[:PORT]/PATH or https://"};
  // Whatever is overlooked above: these are curl's own eyes.
  if (part_of(url, CURLUPART_USER).empty() && part_of(url, CURLUPART_PASSWORD).empty()) return std::nullopt;
  return Problem{"no user name and no password belongs into an address", {}, "set API_TOKEN_FILE"};
}

http_sink::Address http_sink::address_of(const std::string& text) {
  if (const auto problem = central_url_problem(text)) throw std::invalid_argument{to_line(*problem)};
  const auto url = parsed(text);
  const auto host = part_of(url, CURLUPART_HOST);
  return {host, host + ":" + part_of(url, CURLUPART_PORT), part_of(url, CURLUPART_SCHEME) == "https"};
}

}  // namespace solar
