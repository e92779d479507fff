#include "shared/mqtt_session_reasons.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace solar::mqtt_session {
namespace {

struct Reason {
  int code;
  const char* text;
};

constexpr std::array kReasons{
    Reason{0x80, "unspecified error"},
    Reason{0x81, "malformed packet"},
    Reason{0x82, "protocol error"},
    Reason{0x83, "the broker does not want this, and does not say why"},
    Reason{0x84, "the broker does not speak MQTT v5"},
    Reason{0x85, "the broker does not take this client id"},
    Reason{0x86, "wrong user name or password"},
    Reason{0x87, "not authorized"},
    Reason{0x88, "the broker is not available"},
    Reason{0x89, "the broker is busy"},
    Reason{0x8A, "banned by the broker"},
    Reason{0x8B, "the broker is shutting down"},
    Reason{0x8C, "the broker wants another way to authenticate"},
    Reason{0x8D, "nothing was heard from us within the keepalive time"},
    Reason{0x8E, "another client connected with the same client id"},
    Reason{0x8F, "the broker does not take this topic filter"},
    Reason{0x90, "the broker does not take this topic name"},
    Reason{0x91, "packet identifier in use"},
    Reason{0x92, "packet identifier not found"},
    Reason{0x93, "more messages in flight than the receive maximum"},
    Reason{0x94, "topic alias not valid"},
    Reason{0x95, "the packet is larger than the broker takes"},
    Reason{0x96, "too many messages a second for the broker"},
    Reason{0x97, "over a quota of the broker"},
    Reason{0x98, "ended by an administrator of the broker"},
    Reason{0x99, "the payload's format is not valid"},
    Reason{0x9A, "the broker does not keep retained messages"},
    Reason{0x9B, "the broker does not offer QoS 1"},
    Reason{0x9C, "use another broker for now"},
    Reason{0x9D, "the broker has moved"},
    Reason{0x9E, "the broker does not offer shared subscriptions"},
    Reason{0x9F, "too many connections a second for the broker"},
    Reason{0xA0, "longer connected than the broker allows"},
    Reason{0xA1, "the broker does not offer subscription identifiers"},
    Reason{0xA2, "the broker does not offer wildcard subscriptions"},
};

}  // namespace

std::string reason_text(int reason) {
  const auto* const found =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& r) { return r.code == reason; });
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), " (0x%02X)", static_cast<unsigned>(reason) & 0xFFU);
  return std::string{found == kReasons.end() ? "reason code" : found->text} + code.data();
}

std::string connect_failure_text(std::string_view paho, bool tls) {
  if (paho.empty()) return "the host name does not resolve";
  if (paho == "TCP/TLS connect failure" && tls) return "TLS failed, or the connection was refused";
  if (paho == "TCP/TLS connect failure" || paho == "TCP connect completion failure")
    return "connection refused, no way there, or hung up at once (by a port for TLS? then write mqtts://)";
  if (paho == "TCP connect timeout") return "no answer in time";
  return std::string{paho};
}

bool refuses_login(int reason) {
  constexpr std::array kLogin{0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C};
  return std::find(kLogin.begin(), kLogin.end(), reason) != kLogin.end();
}

}  // namespace solar::mqtt_session
