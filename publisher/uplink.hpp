// A running publisher: outbox -> courier -> broker, and receipts back.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "publisher/clone_suspicion.hpp"
#include "publisher/config.hpp"
#include "publisher/mqtt_sink.hpp"
#include "shared/courier.hpp"
#include "shared/disk.hpp"
#include "shared/heartbeat.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/queue.hpp"

namespace solar {

/// What makes a client id the gateway's own: bits kept in the outbox, `fresh_bits` the first time or when `renew`. On a
/// full disk these are not kept: the next run draws again.
[[nodiscard]] std::uint64_t client_bits(Queue& queue, std::uint64_t fresh_bits, bool renew);

/// Owner: the program. Threads: `run` is the courier's thread; `wake`, `stop`, `snapshot` and `heartbeat` from
/// any.
class Uplink {
 public:
  struct Snapshot {
    CourierStats courier;
    bool connected{};
    std::optional<Millis> last_receipt_at;  ///< wall clock
    std::uint64_t messages_sent{};
    std::uint64_t strange_receipts{};  ///< for readings that were not sent, for none at all, or not understood
    double used_fraction{};            ///< of the outbox
    QueueStats queue;                  ///< of the outbox; looked at once a second
    std::optional<DiskState> disk;     ///< that holds it; as old; nullopt: before the first turn
  };
  using OnSettled = std::function<void(std::span<const Settled>)>;

  /// `on_settled` runs on the courier's thread.
  Uplink(const PublisherConfig& config, Queue& queue, const Clock& clock, OnSettled on_settled);

  /// Sends for ever: until `stop`, or until `done` says so after a turn; then tells the broker that the village is
  /// offline.
  void run(const std::function<bool()>& done);
  /// One turn of `run`, for who keeps the time himself: waits up to `wait` for something to happen, then does what is
  /// due. Tells the steady time of the next turn, if nothing happens before.
  [[nodiscard]] Millis turn(Millis wait);
  /// The end of `run`: tells the broker, and writes what still waits to be removed.
  void finish();
  void stop();
  void wake() { sink_.wake(); }
  [[nodiscard]] Snapshot snapshot() const;
  /// Beats with every turn.
  [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }

 private:
  void handle(const MqttEvent& event, Now now);
  void take_new_client_id();
  void offer_refused(Now now);
  void publish_status(Now now);
  void show_live_line(Now now);
  void take_snapshot(Now now, bool receipts);

  const PublisherConfig& config_;
  Queue& queue_;
  const Clock& clock_;
  OnSettled on_settled_;
  MqttSink sink_;
  MqttSession session_;  ///< its callbacks call the sink: it goes first
  std::mt19937_64 random_;
  Courier courier_;
  CloneSuspicion clone_suspicion_;
  std::vector<Completion> completions_;
  std::atomic<bool> stopping_{};
  std::optional<Millis> offer_at_;   ///< steady
  std::optional<Millis> status_at_;  ///< steady: when to look whether there is something new
  std::optional<Millis> published_status_at_;
  std::optional<Millis> line_at_;  ///< steady
  std::optional<Millis> disk_at_;  ///< steady
  std::string status_kind_;        ///< what a change of makes a new status
  std::uint64_t shown_delivered_{};
  Heartbeat heartbeat_;
  double rate_{};  ///< confirmed readings per second, smoothed
  mutable std::mutex snapshot_mutex_;
  Snapshot snapshot_;
};

}  // namespace solar
