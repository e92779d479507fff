// The environment names a proxy, as it does on many a server: readings, and what makes them count, take no such way.
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"

using namespace solar::test;

TEST_CASE("readings go straight to the broker and to central, though the environment names a proxy") {
  const auto port = free_port();
  const auto proxy = listen_on(port);
  Environment environment;
  for (const auto* const name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    environment.emplace_back(name, "http://127.0.0.1:" + std::to_string(port));
  Road road;
  road.publisher.options().environment = environment;
  road.forwarder.options().environment = environment;
  road.start();

  road.publisher.feed_numbers(1, 3);

  CHECK(road.outbox_drains());
  CHECK(road.central.gets(3));
  CHECK_FALSE(accept_from(proxy, std::chrono::milliseconds{0}).valid());
}
