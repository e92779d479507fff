#include "shared/http_message.hpp"

#include <algorithm>
#include <array>

namespace solar {

namespace {

bool is_method_character(char c) { return c >= 'A' && c <= 'Z'; }

HttpResponse complaint(int status, std::string body) {
  return {.status = status, .body = std::move(body) + "\n", .content_type = HttpResponse{}.content_type};
}

const char* reason_phrase(int status) {
  struct Known {
    int status;
    const char* phrase;
  };
  constexpr std::array<Known, 8> kKnown{{{200, "OK"},
                                         {400, "Bad Request"},
                                         {404, "Not Found"},
                                         {405, "Method Not Allowed"},
                                         {431, "Request Header Fields Too Large"},
                                         {500, "Internal Server Error"},
                                         {503, "Service Unavailable"},
                                         {505, "HTTP Version Not Supported"}}};
  const auto* const known =
      std::find_if(kKnown.begin(), kKnown.end(), [status](const Known& one) { return one.status == status; });
  return known == kKnown.end() ? "Unknown" : known->phrase;
}

/// The end of the head: what stands behind the first empty line.
std::size_t end_of_head(std::string_view bytes) { return std::min(bytes.find("\r\n\r\n"), bytes.find("\n\n")); }

}  // namespace

std::variant<HttpUnfinished, HttpRequest, HttpResponse> read_request(std::string_view bytes) {
  if (!bytes.empty() && !is_method_character(bytes.front())) return complaint(400, "this is not HTTP");
  if (end_of_head(bytes) > kHttpHeadMaxBytes) {
    if (bytes.size() <= kHttpHeadMaxBytes) return HttpUnfinished{};
    return complaint(431, "the request is too large");
  }
  std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end == method_end) return complaint(400, "this is not HTTP");
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  if (!std::all_of(method.begin(), method.end(), is_method_character) || !version.starts_with("HTTP/")) {
    return complaint(400, "this is not HTTP");
  }
  if (!version.starts_with("HTTP/1.")) return complaint(505, "HTTP/1.1 or 1.0 only");
  if (method != "GET" && method != "HEAD") return complaint(405, "GET or HEAD only");
  if (!target.starts_with('/')) return complaint(400, "the path begins with a /");
  return HttpRequest{.path = std::string{target.substr(0, target.find_first_of("?#"))}, .wants_body = method == "GET"};
}

std::string to_bytes(const HttpResponse& response, bool with_body) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_phrase(response.status) +
                      "\r\nContent-Type: " + response.content_type +
                      "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\nCache-Control: no-store";
  if (response.status == 405) bytes += "\r\nAllow: GET, HEAD";
  bytes += "\r\nConnection: close\r\n\r\n";
  return with_body ? bytes + response.body : bytes;
}

}  // namespace solar
