// Which reading goes next: fairly over villages (forwarder), or live before backlog (publisher).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/clock.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Round robin over villages, so that one village's backlog never delays another's live reading. Within a village rows
/// that rested and are due take turns with fresh ones. Owner: the courier; one thread.
class RoundRobin {
 public:
  using MayTake = std::function<bool(VillageNumber)>;

  /// The next row among villages that `may_take` allows, none that `held` knows.
  [[nodiscard]] std::optional<TakenRow> next(Queue& queue, Now now, const MayTake& may_take, const Queue::Skip& held);
  void on_rest(VillageNumber village, Millis due_in, Now now);
  /// The steady time when a resting row is due; nullopt: none rests.
  [[nodiscard]] std::optional<Millis> next_due() const;

 private:
  struct Village {
    bool in_ring{};
    bool fresh_may_be{true};
    bool due_turn{true};
    std::int64_t fresh_cursor{};
    std::optional<Millis> due_at{Millis{0}};  ///< steady; nullopt: nothing rests
    std::deque<TakenRow> read_ahead;          ///< fresh rows
  };

  void wake(Queue& queue, Now now);
  void put_in_ring(VillageNumber number, Village& village);
  void sleep_until(Millis due_at, VillageNumber number, Village& village);
  void let_sleep(Queue& queue, VillageNumber number, Village& village, Now now, const Queue::Skip& held);
  std::optional<TakenRow> take(Queue& queue, VillageNumber number, Village& village, Now now, const Queue::Skip& held);
  std::optional<TakenRow> take_fresh(Queue& queue, VillageNumber number, Village& village);
  std::optional<TakenRow> take_due(Queue& queue, VillageNumber number, Village& village, Now now,
                                   const Queue::Skip& held);

  std::unordered_map<VillageNumber, Village>
      villages_;  ///< in the ring or asleep with a due time; others are forgotten once idle
  std::deque<VillageNumber> ring_;
  std::set<std::pair<Millis, VillageNumber>> sleeping_;  ///< by steady due time: those outside the ring with one
};

/// Live readings first and alone, the newest first kept; the rest oldest first in batches; at least one message in five
/// is backlog while there is any. Owner: the courier; one thread.
class LiveFirst {
 public:
  struct Limits {
    Millis live_age{60'000};
    std::size_t live_max{100};
    std::size_t batch_readings{100};
    std::size_t batch_bytes{16 * 1024};
  };
  struct Slots {
    std::size_t live{};     ///< free for any reading
    std::size_t backlog{};  ///< free for backlog
    std::size_t window{};   ///< what backlog can expect to use: all of it but for readings whose receipts are late
  };
  struct Batch {
    std::vector<TakenRow> rows;
    bool live{};
  };

  /// Rows that wait at this moment are backlog.
  LiveFirst(const Queue& queue, Limits limits);

  /// Looks for new rows, also while nothing can be sent: a reading is live by its age, not by when it could first go.
  void note_news(Queue& queue, Now now);
  /// The next message's rows; none that `held` knows. Empty: nothing to send now.
  [[nodiscard]] Batch next(Queue& queue, Now now, Slots slots, const Queue::Skip& held);
  /// Rows that rested and are due, at most one message of them.
  [[nodiscard]] std::vector<TakenRow> due(Queue& queue, Now now, const Queue::Skip& held);
  void on_rest(Millis due_in, Now now);
  [[nodiscard]] std::optional<Millis> next_due() const { return due_at_; }

 private:
  struct Candidate {
    RowId row;
    Millis seen_at{};  ///< steady
  };

  std::optional<std::vector<TakenRow>> backlog(Queue& queue, Slots slots, const Queue::Skip& held);

  Limits limits_;
  std::vector<VillageNumber> villages_;  ///< of the outbox: its own, and earlier names of the gateway
  std::deque<Candidate> live_;           ///< oldest first; backlog never goes beyond its front
  std::int64_t seen_seq_{};
  std::size_t live_in_a_row_{};
  std::unordered_map<VillageNumber, std::int64_t> cursors_;
  std::optional<Millis> due_at_{Millis{0}};  ///< steady
};

}  // namespace solar
