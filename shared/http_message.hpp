// As much of HTTP/1.1 as a status page needs. Pure, no sockets.
//
//   request   METHOD SP /path[?query] SP HTTP/1.x CRLF  (headers, not looked at) CRLF CRLF
//   response  HTTP/1.1 STATUS REASON CRLF  Content-Type, Content-Length, Connection: close  CRLF CRLF  body
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace solar {

inline constexpr std::size_t kHttpHeadMaxBytes = std::size_t{8} * 1024;  ///< of a request, up to the empty line

struct HttpRequest {
  std::string path;       ///< without the query
  bool wants_body{true};  ///< false: HEAD

  bool operator==(const HttpRequest&) const = default;
};

struct HttpResponse {
  int status{200};
  std::string body;
  std::string content_type{"text/plain; charset=utf-8"};

  bool operator==(const HttpResponse&) const = default;
};

/// The head has not ended yet.
struct HttpUnfinished {
  bool operator==(const HttpUnfinished&) const = default;
};

/// What a client asks that has sent `bytes` so far; a response where that can only be answered with an error.
[[nodiscard]] std::variant<HttpUnfinished, HttpRequest, HttpResponse> read_request(std::string_view bytes);

[[nodiscard]] std::string to_bytes(const HttpResponse& response, bool with_body);

}  // namespace solar
