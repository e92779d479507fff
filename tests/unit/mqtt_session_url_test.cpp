#include "shared/mqtt_session_url.hpp"
#include "shared/mqtt_session_reasons.hpp"
#include "shared/mqtt_session_version.hpp"
#include "tests/support/catch.hpp"

using namespace solar;

namespace {

std::string uri(std::string_view url) {
  const auto result = paho_uri(url);
  const auto* const text = std::get_if<std::string>(&result);
  return text == nullptr ? "problem" : *text;
}

}  // namespace

TEST_CASE("a broker's address becomes Paho's, with the scheme's port where none is given") {
  CHECK(uri("mqtt://localhost:1884") == "tcp://localhost:1884");
  CHECK(uri("mqtt://localhost") == "tcp://localhost:1883");
  CHECK(uri("mqtt://localhost/") == "tcp://localhost:1883");
  CHECK(uri("mqtts://broker.example") == "ssl://broker.example:8883");
  CHECK(uri("ws://broker.example") == "ws://broker.example:80");
  CHECK(uri("wss://broker.example/mqtt") == "wss://broker.example:443/mqtt");
  CHECK(uri("mqtt://[::1]") == "tcp://[::1]:1883");
  CHECK(uri("mqtt://[::1]:1884") == "tcp://[::1]:1884");
}

TEST_CASE("what is not the address of a broker is a problem") {
  for (const auto* const wrong :
       {"", "localhost", "tcp://localhost", "http://localhost", "mqtt://", "mqtt://:1883", "mqtt://h:0",
        "mqtt://h:65536", "mqtt://h:x", "mqtt://h:", "mqtt://h/path", "mqtt://u:p@h", "mqtt://[::1", "mqtt://a b"}) {
    INFO(wrong);
    CHECK(uri(wrong) == "problem");
  }
}

TEST_CASE("a password in the address is not repeated by the problem") {
  for (const auto* const url : {"mqtt://user:secret@host", "tcp://user:secret@host", "mqtts://user:secret@host:x/y",
                                "user:secret@host", "mqtt:/user:secret@host", "mqtt://user:secret/secret@host",
                                "mqtt:///user:secret@host", "wss:///user:secret@host/", "wss://user:secret/w@host/"}) {
    INFO(url);
    const auto result = paho_uri(url);

    REQUIRE(std::holds_alternative<Problem>(result));
    CHECK(std::get<Problem>(result).what == "no user name and no password belongs into an address");
    CHECK(to_line(std::get<Problem>(result)).find("secret") == std::string::npos);
  }
  CHECK(uri("wss://host/a@b") == "wss://host:443/a@b");
}

TEST_CASE("reason codes are words, and unknown ones still have their number") {
  using mqtt_session::reason_text;

  CHECK(reason_text(0x87) == "not authorized (0x87)");
  CHECK(reason_text(0x8E) == "another client connected with the same client id (0x8E)");
  CHECK(reason_text(0xFE) == "reason code (0xFE)");
}

TEST_CASE("why no connection came about is told in words that help") {
  using mqtt_session::connect_failure_text;

  CHECK(connect_failure_text("", false) == "the host name does not resolve");
  CHECK(connect_failure_text("TCP connect completion failure", false) ==
        "connection refused, no way there, or hung up at once (by a port for TLS? then write mqtts://)");
  CHECK(connect_failure_text("TCP/TLS connect failure", true) == "TLS failed, or the connection was refused");
  CHECK(connect_failure_text("something new", true) == "something new");
}

TEST_CASE("a busy broker does not refuse the login, a wrong password does") {
  CHECK(mqtt_session::refuses_login(0x86));
  CHECK(mqtt_session::refuses_login(0x87));
  CHECK_FALSE(mqtt_session::refuses_login(0x89));
  CHECK_FALSE(mqtt_session::refuses_login(0));
}

TEST_CASE("only a Paho that acknowledges after the handler will do") {
  using mqtt_session::acknowledges_after_handler;

  CHECK(acknowledges_after_handler(mqtt_session::paho_version()));
  CHECK(acknowledges_after_handler("1.3.10"));
  CHECK(acknowledges_after_handler("1.4.0"));
  CHECK(acknowledges_after_handler("2.0.0-beta"));
  CHECK_FALSE(acknowledges_after_handler("1.3.9"));
  CHECK_FALSE(acknowledges_after_handler("1.2.13"));
  CHECK_FALSE(acknowledges_after_handler(""));
}
