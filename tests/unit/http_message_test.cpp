#include "shared/http_message.hpp"

#include "tests/support/catch.hpp"

namespace solar {
namespace {

HttpRequest asked(std::string_view bytes) { return std::get<HttpRequest>(read_request(bytes)); }

int refused(std::string_view bytes) { return std::get<HttpResponse>(read_request(bytes)).status; }

bool unfinished(std::string_view bytes) { return std::holds_alternative<HttpUnfinished>(read_request(bytes)); }

}  // namespace

TEST_CASE("a request is a path, once its head has ended") {
  const std::string request = "GET /metrics?all HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

  CHECK(asked(request) == HttpRequest{.path = "/metrics", .wants_body = true});
  CHECK(asked("HEAD /healthz HTTP/1.0\n\n") == HttpRequest{.path = "/healthz", .wants_body = false});
  CHECK(asked(request + "a body that nobody asked for").path == "/metrics");
  for (std::size_t i = 0; i < request.size(); ++i) CHECK(unfinished(request.substr(0, i)));
}

TEST_CASE("what is not asked with GET or HEAD in HTTP/1 is told so") {
  CHECK(refused("POST /metrics HTTP/1.1\r\n\r\n") == 405);
  CHECK(refused("GET /metrics HTTP/2.0\r\n\r\n") == 505);
  CHECK(refused("GET metrics HTTP/1.1\r\n\r\n") == 400);
  CHECK(refused("GET /metrics\r\n\r\n") == 400);
  CHECK(refused("GET\r\n\r\n") == 400);
  CHECK(refused("G\tT / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refused(" GET / HTTP/1.1\r\n\r\n") == 400);
}

TEST_CASE("TLS at the port is told at its first byte that this is not HTTP") { CHECK(refused("\x16\x03\x01") == 400); }

TEST_CASE("a head may have 8 KiB and no more, in one line or in many") {
  const std::string begin = "GET / HTTP/1.1\r\n";
  const std::string one_line = begin + "X: " + std::string(kHttpHeadMaxBytes, 'x');
  std::string many_lines = begin;
  while (many_lines.size() <= kHttpHeadMaxBytes) many_lines += "X: y\r\n";

  CHECK(unfinished(one_line.substr(0, kHttpHeadMaxBytes)));
  CHECK(refused(one_line.substr(0, kHttpHeadMaxBytes + 1)) == 431);
  CHECK(refused(one_line + "\r\n\r\n") == 431);
  CHECK(refused(many_lines) == 431);
}

TEST_CASE("a response says how long it is, and HEAD gets all but the body") {
  const HttpResponse response{.status = 503, .body = "inbox full\n"};
  const std::string head =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 11\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\n\r\n";

  CHECK(to_bytes(response, false) == head);
  CHECK(to_bytes(response, true) == head + "inbox full\n");
  CHECK(to_bytes({.status = 405, .body = {}}, true).find("Allow: GET, HEAD\r\n") != std::string::npos);
}

}  // namespace solar
