#include "shared/tls_probe.hpp"

#include <future>
#include <memory>

#include "tests/support/catch.hpp"
#include "tests/support/net.hpp"

using namespace solar;
using namespace std::chrono_literals;

namespace {

Addresses loopback(std::uint16_t port) {
  return NameLookup{"127.0.0.1", std::to_string(port), [] {}}.addresses();
}

TlsProbe::Tell keep_in(std::promise<std::string>& words) {
  return [&words](std::string text) { words.set_value(std::move(text)); };
}

}  // namespace

TEST_CASE("whoever drops a probe does not wait for a server that does not answer") {
  const auto port = test::free_port();
  const auto server = test::listen_on(port);
  std::promise<std::string> words;
  auto probe = std::make_unique<TlsProbe>(TlsTarget{"127.0.0.1", std::to_string(port), {}}, loopback(port), Millis{0},
                                          keep_in(words));
  const auto client = test::accept_from(server, 30s);
  REQUIRE(test::receive_some(client, 30s));  // it has said hello, and waits
  const auto start = std::chrono::steady_clock::now();

  probe.reset();

  CHECK(std::chrono::steady_clock::now() - start < TlsProbe::kPatience / 2);
}

TEST_CASE("a probe tells what it found") {
  std::promise<std::string> words;

  const TlsProbe probe{{"127.0.0.1", "1", {}}, loopback(1), Millis{0}, keep_in(words)};

  CHECK(words.get_future().get() == "connection refused by 127.0.0.1:1");
}
