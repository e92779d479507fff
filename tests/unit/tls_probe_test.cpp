#include "shared/tls_probe.hpp"

#include <netdb.h>

#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/net.hpp"

using namespace solar;
using namespace std::chrono_literals;

namespace {

/// A name server that answers when the test says so.
struct SlowNames {
  std::promise<void> asked;
  std::promise<void> answer;
  std::promise<void> answered;

  TlsProbe::Resolve resolve(std::string host) {
    return [this, host = std::move(host)](const char*, const char* port, const addrinfo* hints, addrinfo** found) {
      asked.set_value();
      answer.get_future().wait();
      const int error = ::getaddrinfo(host.c_str(), port, hints, found);
      answered.set_value();
      return error;
    };
  }
};

TlsProbe::Tell keep_in(std::promise<std::string>& words) {
  return [&words](std::string text) { words.set_value(std::move(text)); };
}

}  // namespace

TEST_CASE("whoever drops a probe does not wait for a name that is being resolved, and hears nothing of it") {
  SlowNames names;
  auto tell = std::make_shared<std::promise<std::string>>();
  auto words = tell->get_future();
  auto probe = std::make_unique<TlsProbe>(
      TlsTarget{"broker.example", "9", {}}, Millis{0}, [tell](std::string text) { tell->set_value(std::move(text)); },
      names.resolve("127.0.0.1"));
  names.asked.get_future().wait();

  probe.reset();  // hangs if it waits

  names.answer.set_value();
  names.answered.get_future().wait();
  tell.reset();
  CHECK_THROWS_AS(words.get(), std::future_error);  // the last that could tell has gone
}

TEST_CASE("whoever drops a probe does not wait for a server that does not answer") {
  const auto port = test::free_port();
  const auto server = test::listen_on(port);
  std::promise<std::string> words;
  const auto start = std::chrono::steady_clock::now();

  { const TlsProbe probe{{"127.0.0.1", std::to_string(port), {}}, Millis{0}, keep_in(words)}; }

  CHECK(std::chrono::steady_clock::now() - start < TlsProbe::kPatience / 2);
}

TEST_CASE("a probe tells what it found") {
  std::promise<std::string> words;

  const TlsProbe probe{{"127.0.0.1", "1", {}}, Millis{0}, keep_in(words)};

  CHECK(words.get_future().get() == "connection refused by 127.0.0.1:1");
}
