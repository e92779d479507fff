#include "shared/http_server.hpp"

#include <atomic>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "shared/http_client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/net.hpp"

namespace solar {
namespace {

using namespace std::chrono_literals;
using test::Socket;

const HttpAddress kAnyPort{.host = "127.0.0.1", .port = 0};

HttpResponse echo(std::string_view path) { return {.status = 200, .body = std::string{path}}; }

HttpResponse got(const HttpListener& listener, std::string_view path) {
  return std::get<HttpResponse>(http_get(listener.address(), path, Millis{5'000}));
}

}  // namespace

TEST_CASE("a path is answered, by IPv4 and IPv6") {
  for (const char* host : {"127.0.0.1", "::1"}) {
    const HttpListener listener{{.host = host, .port = 0}};
    const HttpServer server{listener, echo};

    CHECK(got(listener, "/hello").body == "/hello");
    CHECK(got(listener, "/hello").status == 200);
  }
}

TEST_CASE("two cannot listen at one address, and the second is told which") {
  const HttpListener first{kAnyPort};

  try {
    const HttpListener second{first.address()};
    FAIL("it listens");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRINUSE);
    CHECK(std::string{error.what()}.find(to_string(first.address())) != std::string::npos);
  }
}

TEST_CASE("a page that fails is a 500, and the next one is answered") {
  const HttpListener listener{kAnyPort};
  const HttpServer server{listener, [](std::string_view path) -> HttpResponse {
                            if (path == "/bad") throw std::runtime_error{"on purpose"};
                            return echo(path);
                          }};

  CHECK(got(listener, "/bad").status == 500);
  CHECK(got(listener, "/good").status == 200);
}

TEST_CASE("a request that comes in pieces is answered, and a body that nobody reads does no harm") {
  const HttpListener listener{kAnyPort};
  const HttpServer server{listener, echo};

  const Socket client = test::connect_to(listener.address().port);
  for (const char c : std::string_view{"GET /slow HTTP/1.1\r\nHost: a\r\n\r"}) {
    REQUIRE(test::send_all(client, std::string_view{&c, 1}));
  }
  CHECK_FALSE(test::receive_some(client, 20ms));
  REQUIRE(test::send_all(client, "\n" + std::string(100'000, 'x')));

  CHECK(test::receive_some(client, 5'000ms).value_or("").starts_with("HTTP/1.1 200 OK"));
}

TEST_CASE("more silent connections than there may be do not keep the next one from its answer") {
  const HttpListener listener{kAnyPort};
  const HttpServer server{listener, echo};

  std::vector<Socket> silent;
  for (std::size_t i = 0; i < 3 * HttpServer::kConnectionsMax; ++i) {
    silent.push_back(test::connect_to(listener.address().port));
    REQUIRE(silent.back().valid());
  }

  CHECK(got(listener, "/healthz").status == 200);
  CHECK(test::receive_some(silent.front(), 5'000ms) == "");  // it made room
  CHECK_FALSE(test::receive_some(silent.back(), 0ms));       // it may still ask
}

TEST_CASE("a server that ends closes its connections, and its port is free") {
  const HttpAddress address = [] {
    const HttpListener listener{kAnyPort};
    const HttpServer server{listener, echo};
    CHECK(got(listener, "/").status == 200);
    return listener.address();
  }();

  const HttpListener again{address};
  CHECK(again.address() == address);
}

TEST_CASE("who asks where nobody listens, or nobody answers, is told so in time") {
  const HttpAddress nobody = HttpListener{kAnyPort}.address();
  const HttpListener silent{kAnyPort};

  CHECK(std::get<Problem>(http_get(nobody, "/", Millis{1'000})).what == "nobody answers: Connection refused");
  CHECK(std::get<Problem>(http_get(silent.address(), "/", Millis{30})).what == "no answer in time, or not HTTP");
}

TEST_CASE("health needs an address with a port") {
  const HttpAddress nobody = HttpListener{kAnyPort}.address();

  CHECK(tell_health("solar-forwarder", std::nullopt) == 2);
  CHECK(tell_health("solar-forwarder", kAnyPort) == 2);
  CHECK(tell_health("solar-forwarder", nobody) == 1);
}

TEST_CASE("health is what /healthz says") {
  std::atomic<int> status{200};
  const HttpListener listener{kAnyPort};
  const HttpServer server{listener, [&status](std::string_view path) {
                            return HttpResponse{.status = path == "/healthz" ? status.load() : 404, .body = "so\n"};
                          }};

  CHECK(tell_health("solar-forwarder", listener.address()) == 0);
  status = 503;
  CHECK(tell_health("solar-forwarder", listener.address()) == 1);
}

}  // namespace solar
