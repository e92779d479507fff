// A running forwarder: broker -> inbox -> courier -> central, and receipts back.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "forwarder/config.hpp"
#include "forwarder/http_sink.hpp"
#include "forwarder/intake.hpp"
#include "forwarder/membership.hpp"
#include "forwarder/receipts.hpp"
#include "shared/courier.hpp"
#include "shared/disk.hpp"
#include "shared/heartbeat.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Owner: `run`. Threads: `run` is the courier's thread; Paho's calls `on_message`; `stop`, `wake`, `snapshot` and
/// `heartbeat` from any.
class Relay {
 public:
  struct Snapshot {
    CourierStats courier;
    bool connected{};
    bool member{};  ///< of the shared subscription
    bool stopping{};
    double used_fraction{};            ///< of the inbox
    QueueStats queue;                  ///< of the inbox; looked at once a second
    std::optional<DiskState> disk;     ///< that holds it; as old; nullopt: before the first turn
    std::uint64_t receipts_sent{};     ///< ids in receipts
    std::uint64_t receipts_dropped{};  ///< ids
  };

  Relay(const ForwarderConfig& config, Queue& queue, const Clock& clock);

  /// Relays until `stop`, then leaves: the subscription by the design's rule, then the inbox as far as time allows.
  void run();
  /// One turn of `run`, for who keeps the time himself: waits up to `wait` for something to happen, then does what is
  /// due. Tells the steady time of the next turn, if nothing happens before; nullopt: it has left, `finish` comes next.
  [[nodiscard]] std::optional<Millis> turn(Millis wait);
  /// The end of `run`: the last receipts, and the connection.
  void finish();
  void stop();
  void wake();
  [[nodiscard]] Snapshot snapshot() const;
  /// Beats with every turn.
  [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }
  [[nodiscard]] const IntakeStats& intake_stats() const { return intake_.stats(); }

 private:
  void on_message(const MqttMessage& message);
  void handle(const MqttEvent& event);
  [[nodiscard]] std::string shown(std::string text) const;
  [[nodiscard]] std::uint64_t free_inbox_bytes() const;
  void look_at_disk(Now now);
  void steer_membership(Now now);
  void act(Membership::Action action);
  void take_settled(const std::vector<Settled>& settled, Now now);
  void publish_receipts(Now now, bool everything);
  void publish_last_receipts();
  void publish_dead_letters();
  [[nodiscard]] bool finished(Now now);
  void wake_if_idle();
  void take_snapshot();
  [[nodiscard]] Millis next_turn(Millis courier_next, Millis session_next, Millis steady) const;

  const ForwarderConfig& config_;
  Queue& queue_;
  const Clock& clock_;
  std::string marker_;
  std::string filter_;
  std::string shown_filter_;
  HttpSink sink_;
  InboxIntake intake_;
  std::atomic<bool> marker_seen_{};
  MqttSession session_;
  std::mt19937_64 random_;
  Courier courier_;
  ReceiptDesk receipts_;
  Membership membership_;
  std::vector<Completion> completions_;
  std::int64_t seen_seq_{};
  bool connecting_{};
  std::optional<Millis> disk_at_;  ///< steady
  DiskState disk_;
  QueueStats queue_stats_;  ///< as old as disk_
  std::atomic<bool> idle_{};
  std::atomic<bool> stopping_{};
  std::optional<Millis> stopped_at_;  ///< steady
  std::optional<Millis> plain_checked_at_;
  bool plain_left_{true};
  Heartbeat heartbeat_;
  mutable std::mutex snapshot_mutex_;
  Snapshot snapshot_;
};

}  // namespace solar
