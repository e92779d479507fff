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
constexpr Millis kDeadLetterInterval{1'000};  // between two that are published, per village
constexpr std::size_t kDeadLetterVillagesMax = 1000;

std::string dead_letter_topic(const std::string& readings_topic) {
  return readings_topic.substr(0, readings_topic.rfind('/')) + "/dead-letters";
}

std::string dead_letter_payload(const BadPart& part) {
  const nlohmann::json letter{{"why", to_line(part.problem)},
                              {"bytes", part.bytes.size()},
                              {"payload", part.bytes.substr(0, kDeadLetterPayloadBytes)}};
  return letter.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The village's level, also of a topic that is spelled wrong.
std::string village_topic(const std::string& topic) { return topic.substr(0, topic.find('/', topic.find('/') + 1)); }

/// Elements of an array as an array again: it can still be replayed.
std::string as_array(std::span<const BadPart> elements) {
  std::string array;
  for (const BadPart& element : elements) {
    array += array.empty() ? '[' : ',';
    array += element.bytes;
  }
  return array + ']';
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
      const BadPart whole{.bytes = message.payload, .problem = std::get<Problem>(topic), .whole = true};
      bury(message, {&whole, 1});
    }
  } catch (const SqliteError& error) {
    end_process(error, database_);
  }
}

void InboxIntake::store(const MqttMessage& message, const Origin& origin, Millis wall) {
  DecodedMessage decoded = decode_message(message.payload, message.content_encoding, origin.village);
  if (!decoded.bad.empty()) bury(message, decoded.bad);
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

void InboxIntake::bury(const MqttMessage& message, std::span<const BadPart> bad) {
  const Now now = clock_.now();
  stats_.unreadable += bad.size();
  log::limited(log::Level::Warning, "dead letter",
               {{"topic", message.topic}, {"why", to_line(bad.front().problem)}, {"parts", bad.size()}});
  const std::size_t alone = bad.size() > kBadPartsKept ? kBadPartsKept - 1 : bad.size();
  std::vector<Unreadable> parts;
  parts.reserve(alone + 1);
  for (const BadPart& part : bad.first(alone)) parts.push_back({.bytes = part.bytes, .reason = to_line(part.problem)});
  const std::string rest = as_array(bad.subspan(alone));
  if (alone < bad.size()) {
    parts.push_back({.bytes = rest, .reason = std::to_string(bad.size() - alone) + " more of this message's elements"});
  }
  try {
    queue_.set_aside_unreadable(message.topic, bad.front().whole ? message.content_encoding : std::nullopt, parts,
                                now.wall);
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::limited(log::Level::Error, "no room on the disk for a dead letter", {{"topic", message.topic}});
  }
  tell(message, bad.front(), now.steady);
}

/// What is not told is kept all the same.
void InboxIntake::tell(const MqttMessage& message, const BadPart& part, Millis steady) {
  if (told_at_.size() >= kDeadLetterVillagesMax) told_at_.clear();
  const auto [last, first_time] = told_at_.try_emplace(village_topic(message.topic), steady);
  if (!first_time && steady - last->second < kDeadLetterInterval) return;
  last->second = steady;
  static_cast<void>(
      dead_letters_.put({.topic = dead_letter_topic(message.topic), .payload = dead_letter_payload(part)}));
  wake_();
}

}  // namespace solar
