#include "forwarder/admin.hpp"

#include <nlohmann/json.hpp>

#include "shared/aside_desk.hpp"
#include "shared/message.hpp"
#include "shared/settings.hpp"
#include "shared/topic.hpp"

namespace solar {

using nlohmann::json;

namespace {

json status(Queue& queue, const Clock& clock, const Relay* relay) {
  const QueueStats stats = queue.stats(clock.now().wall);
  json answer{{"waiting", stats.waiting},
              {"waiting_bytes", stats.waiting_bytes},
              {"oldest", stats.oldest_accepted_at ? json(rfc3339(*stats.oldest_accepted_at)) : json(nullptr)},
              {"refused", stats.refused},
              {"unreadable", stats.unreadable},
              {"quarantined", stats.quarantined},
              {"size_bytes", stats.used_bytes},
              {"capacity_bytes", stats.max_bytes},
              {"running", relay != nullptr}};
  if (relay == nullptr) return answer;
  const Relay::Snapshot now = relay->snapshot();
  const IntakeStats& intake = relay->intake_stats();
  answer.update({{"connected", now.connected},
                 {"member", now.member},
                 {"central_away", now.courier.away},
                 {"window", now.courier.window},
                 {"in_hand", now.courier.in_hand},
                 {"received", intake.received.load()},
                 {"accepted", intake.accepted.load()},
                 {"duplicates", intake.duplicates.load()},
                 {"passed_by", intake.passed_by.load()},
                 {"dead_letters", intake.unreadable.load()},
                 {"attempts", now.courier.sent},
                 {"failed_attempts", now.courier.failed},
                 {"delivered", now.courier.delivered},
                 {"refused_since_start", now.courier.refused},
                 {"receipts_dropped", now.receipts_dropped}});
  return answer;
}

/// Reads a dead letter once more; true if all of it is in the inbox now.
bool replay(Queue& queue, const Clock& clock, const Aside& letter) {
  const Result<Topic> topic = parse_topic(letter.topic);
  const auto* parsed = std::get_if<Topic>(&topic);
  if (parsed == nullptr) return false;
  DecodedMessage decoded = decode_message(letter.body, letter.content_encoding, parsed->origin.village);
  if (!decoded.bad.empty() || decoded.readings.empty()) return false;
  std::vector<NewReading> readings;
  for (Reading& reading : decoded.readings) {
    readings.push_back(
        {.origin = parsed->origin, .id = std::move(reading.id), .body = std::move(reading.body), .id_at = {}});
  }
  return std::holds_alternative<std::vector<Appended>>(queue.append(readings, clock.now().wall));
}

}  // namespace

void answer_command(Queue& queue, const Clock& clock, Relay* relay, std::string_view request,
                    const ControlServer::WriteLine& write_line) {
  const json asked = json::parse(request, nullptr, false);
  const std::string command = asked.is_object() ? asked.value("command", "") : "";
  if (command == "status") {
    write_line(status(queue, clock, relay).dump());
  } else if (command == "aside") {
    const AsideDesk desk{.kinds = {AsideKind::Unreadable, AsideKind::Refused, AsideKind::Quarantined},
                         .replay = [&](const Aside& letter) { return replay(queue, clock, letter); }};
    desk.answer(queue, asked.value("action", ""), asked.value("number", std::int64_t{0}), write_line);
    if (relay != nullptr) relay->wake();
  } else {
    write_line(R"({"error":"unknown command; the two programs are of different versions"})");
  }
}

std::string inbox_status_text(std::string_view line) {
  const json status = json::parse(line, nullptr, false);
  if (!status.is_object()) return std::string{line};
  std::string text;
  for (const auto& [key, value] : status.items()) {
    std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (key.ends_with("_bytes") && value.is_number_unsigned()) shown = bytes_text(value.get<std::uint64_t>());
    text += key + std::string(key.size() < 20 ? 20 - key.size() : 1, ' ') + shown + "\n";
  }
  return text;
}

}  // namespace solar
