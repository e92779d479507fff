// A proxy that answers 2xx by itself would make readings count as delivered.
#include <string>

#include "tests/support/environment_variable.hpp"
#include "tests/support/net.hpp"
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a proxy that the environment names gets no reading") {
  const auto port = free_port();
  const auto proxy = listen_on(port);
  const Variable variable{"http_proxy", "http://127.0.0.1:" + std::to_string(port)};

  CHECK(outcome_of({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) == Outcome{Delivered{}});

  CHECK_FALSE(accept_from(proxy, Millis{0}).valid());
}
