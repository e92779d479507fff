#include "forwarder/intake.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "shared/database_failure.hpp"
#include "shared/log.hpp"
#include "shared/topic.hpp"

namespace solar {

namespace {

constexpr std::size_t kDeadLettersWaiting = 100;
constexpr std::size_t kDeadLetterPayloadBytes = 1024;

std::string dead_letter_topic(const std::string& readings_topic) {
  return readings_topic.substr(0, readings_topic.rfind('/')) + "/dead-letters";
}

std::string dead_letter_payload(const BadPart& part) {
  const nlohmann::json letter{{"why", to_line(part.problem)},
                              {"bytes", part.bytes.size()},
                              {"payload", part.bytes.substr(0, kDeadLetterPayloadBytes)}};
  return letter.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Intake decide_intake(double used_fraction, double village_fraction, bool has_id) {
  if (!has_id) return Intake::Store;
  const bool full = used_fraction >= kFullEnoughToPassBy || village_fraction >= kVillageShare;
  return full ? Intake::PassBy : Intake::Store;
}

InboxIntake::InboxIntake(Queue& queue, const Clock& clock, std::filesystem::path database, std::function<void()> wake)
    : queue_{queue},
      clock_{clock},
      database_{std::move(database)},
      wake_{std::move(wake)},
      dead_letters_{kDeadLettersWaiting} {}

void InboxIntake::take(const MqttMessage& message) {
  ++stats_.messages;
  const Millis wall = clock_.now().wall;
  try {
    const Result<Topic> topic = parse_topic(message.topic);
    if (const auto* parsed = std::get_if<Topic>(&topic)) {
      store(message, parsed->origin, wall);
    } else {
      bury(message, {.bytes = message.payload, .problem = std::get<Problem>(topic), .whole = true}, wall);
    }
  } catch (const SqliteError& error) {
    end_process(error, database_);
  }
}

void InboxIntake::store(const MqttMessage& message, const Origin& origin, Millis wall) {
  DecodedMessage decoded = decode_message(message.payload, message.content_encoding, origin.village);
  for (const BadPart& part : decoded.bad) bury(message, part, wall);
  const double used = queue_.used_fraction();
  const double share = queue_.village_fraction(origin.village);
  std::vector<NewReading> readings;
  readings.reserve(decoded.readings.size());
  for (Reading& reading : decoded.readings) {
    if (decide_intake(used, share, reading.id.has_value()) == Intake::PassBy) {
      ++stats_.passed_by;
      continue;
    }
    readings.push_back({.origin = origin, .id = std::move(reading.id), .body = std::move(reading.body), .id_at = {}});
  }
  stats_.received += decoded.readings.size();
  if (readings.size() < decoded.readings.size()) {
    log::limited(log::Level::Warning, "inbox filling up, readings passed by; their gateways keep them",
                 {{"used_percent", static_cast<int>(used * 100)},
                  {"village_percent", static_cast<int>(share * 100)},
                  {"village", origin.village}});
  }
  if (readings.empty()) return;
  const auto result = queue_.append(readings, wall);
  if (const auto* full = std::get_if<QueueFull>(&result)) end_process(*full);
  for (const Appended& appended : std::get<std::vector<Appended>>(result)) {
    ++(appended.duplicate ? stats_.duplicates : stats_.accepted);
  }
  wake_();
}

void InboxIntake::bury(const MqttMessage& message, const BadPart& part, Millis wall) {
  ++stats_.unreadable;
  const std::string why = to_line(part.problem);
  log::limited(log::Level::Warning, "dead letter", {{"topic", message.topic}, {"why", why}});
  try {
    queue_.set_aside_unreadable(message.topic, part.whole ? message.content_encoding : std::nullopt, part.bytes, why,
                                wall);
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::limited(log::Level::Error, "no room on the disk for a dead letter", {{"topic", message.topic}});
  }
  static_cast<void>(
      dead_letters_.put({.topic = dead_letter_topic(message.topic), .payload = dead_letter_payload(part)}));
  wake_();
}

}  // namespace solar
