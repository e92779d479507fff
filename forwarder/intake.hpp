// From the broker into the inbox: committed before the PUBACK leaves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/mailbox.hpp"
#include "shared/message.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/queue.hpp"

namespace solar {

/// What to do with a reading, by how full the inbox is.
enum class Intake {
  Store,
  PassBy,  ///< PUBACK without storing: the gateway keeps the reading and sends it again
};

inline constexpr double kFullEnoughToPassBy = 0.75;  ///< of the inbox
inline constexpr double kVillageShare = 0.25;        ///< of the inbox, for one village
inline constexpr double kFullEnoughToLeave = 0.95;   ///< the subscription
inline constexpr double kEmptyEnoughToJoin = 0.85;
inline constexpr std::uint64_t kFreeDiskToJoin = 32ULL << 20;  ///< bytes

/// The most that one message takes of the inbox, with what each of its readings is stored with: a row, and the name of
/// its village. Whoever starts with less room drains first: else the same message would end every start.
inline constexpr std::uint64_t kMessageInInboxMaxBytes = kMessageMaxBytes + kMessageMaxReadings * std::uint64_t{260};

/// Rows that one message's bad elements take, each on its own but the last, which holds the rest as an array: else one
/// message of nothing but bad elements would cost as much as a thousand.
inline constexpr std::size_t kBadPartsKept = 16;

/// Only a reading with its sender's own id may be passed by: somebody keeps it.
[[nodiscard]] Intake decide_intake(double used_fraction, double village_fraction, bool has_id);

/// A dead letter on its way to the broker.
struct DeadLetter {
  std::string topic;    ///< the message's, with `dead-letters` as the last level
  std::string payload;  ///< JSON: why, and at most 1 KiB of what came
};

/// Counted since the start. Written on Paho's thread, read on any.
struct IntakeStats {
  std::atomic<std::uint64_t> messages{};
  std::atomic<std::uint64_t> received{};  ///< readings
  std::atomic<std::uint64_t> accepted{};  ///< new rows
  std::atomic<std::uint64_t> duplicates{};
  std::atomic<std::uint64_t> passed_by{};
  std::atomic<std::uint64_t> unreadable{};
};

/// Owner: the forwarder. `take` runs on Paho's thread, once per message; when it has returned, the PUBACK leaves. It
/// takes no lock but the queue's and the mailbox's. A commit that fails ends the process: what is not stored is not
/// acknowledged.
class InboxIntake {
 public:
  InboxIntake(Queue& queue, const Clock& clock, std::filesystem::path database, std::function<void()> wake);

  void take(const MqttMessage& message);

  /// Dead letters since the last call, for the thread that publishes: the first of a message, one a second per village.
  [[nodiscard]] std::deque<DeadLetter> dead_letters() { return dead_letters_.take(Millis{0}); }
  [[nodiscard]] const IntakeStats& stats() const { return stats_; }

 private:
  void store(const MqttMessage& message, const Origin& origin, Millis wall);
  void bury(const MqttMessage& message, std::span<const BadPart> bad);
  void tell(const MqttMessage& message, const BadPart& part, Millis steady);

  Queue& queue_;
  const Clock& clock_;
  std::filesystem::path database_;
  std::function<void()> wake_;
  std::map<std::string, Millis> told_at_;  ///< steady, per village; Paho's thread only
  Mailbox<DeadLetter> dead_letters_;
  IntakeStats stats_;
};

}  // namespace solar
