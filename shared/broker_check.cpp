#include "shared/broker_check.hpp"

#include <cstdio>
#include <optional>
#include <string>

#include "shared/mailbox.hpp"
#include "shared/overload.hpp"

namespace solar {

namespace {

/// Why it failed, an empty string for success, or nothing yet.
std::optional<std::string> verdict_of(const MqttEvent& event) {
  return std::visit(
      Overload{
          [](const Connected&) -> std::optional<std::string> { return ""; },
          [](const Disconnected& disconnected) -> std::optional<std::string> { return disconnected.why; },
          [](const TakenOver&) -> std::optional<std::string> { return "another process uses the same client id"; },
          [](const Denied& denied) -> std::optional<std::string> { return denied.what + " denied: " + denied.why; },
          [](const Unsubscribed&) -> std::optional<std::string> { return std::nullopt; }},
      event);
}

}  // namespace

int check_broker(const MqttOptions& options) {
  const SystemClock clock;
  Mailbox<int> bell{1};
  MqttSession session{options, [](const MqttMessage&) {}, [&bell] { bell.ring(); }};
  const Millis end = clock.now().steady + options.connect_timeout + Millis{1'000};
  std::optional<std::string> verdict;
  while (!verdict && clock.now().steady < end) {
    const Millis next = session.tick(clock.now());
    for (const MqttEvent& event : session.take_events()) {
      if (!verdict) verdict = verdict_of(event);
    }
    const Millis wait = std::min(next, end) - clock.now().steady;
    if (!verdict && wait.count() > 0) static_cast<void>(bell.take(wait));
  }
  session.disconnect(Millis{1'000});
  if (verdict && verdict->empty()) {
    std::printf("broker   ok      %s, client id %s\n", options.url.c_str(), options.client_id.c_str());
    return 0;
  }
  std::printf("broker   FAILED  %s: %s\n", options.url.c_str(), verdict ? verdict->c_str() : "no answer in time");
  return 1;
}

}  // namespace solar
