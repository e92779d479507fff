// Whatever listens at central's port need not speak HTTP, nor TLS.
#include <thread>

#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using namespace std::string_literals;
using Then = ScriptedAnswer::Then;

TEST_CASE("what does not speak HTTP is told as such") {
  const std::string tls_alert = "\x15\x03\x01\x00\x02\x02\x28"s;
  const std::string tls_hello = "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"s + std::string(100, '\x42');

  for (const auto& bytes : {"SSH-2.0-OpenSSH_9.2\r\n"s, tls_alert, tls_hello, "\0\0\0\0\0\0\0\0\r\n"s}) {
    CHECK(holds(unavailable(outcome_of({bytes, Then::Close, {}})).why, "does not answer in HTTP"));
  }
}

TEST_CASE("central without TLS where TLS is expected is told as such") {
  const auto port = free_port();
  const auto listener = listen_on(port);
  std::thread answer{[&] {  // the scripted central waits for a whole request, and this is none
    const auto socket = accept_from(listener, kPatience);
    static_cast<void>(receive_some(socket, kPatience));
    static_cast<void>(send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"));
  }};
  HttpSink sink{sink_options("https://127.0.0.1:" + std::to_string(port) + "/"), kClock};

  const auto why = unavailable(deliver(sink)).why;

  answer.join();
  CHECK(holds(why, "TLS to 127.0.0.1:" + std::to_string(port) + " failed"));
}
