// The courier: takes readings from the queue to a sink and settles what comes of them. The only owner of retries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "shared/clock.hpp"
#include "shared/delivery.hpp"
#include "shared/histogram.hpp"
#include "shared/queue.hpp"
#include "shared/selection.hpp"
#include "shared/sink.hpp"

namespace solar {

/// What differs between the two programs.
struct CourierPolicy {
  Window::Limits window;
  std::size_t in_hand_max{1024};  ///< readings that the courier remembers: under way or between attempts

  /// A forwarder's side: the sink answers every reading itself; rounds of attempts, away, refusals guarded.
  struct Rounds {
    RetryPolicy retry;
    Millis knock_interval{10'000};
    Millis flush_removals_after{200};
  };
  /// A publisher's side: an answer (the receipt) may never come; a reading holds its place in the window until it does.
  struct Receipts {
    Millis timeout_first{60'000};
    Millis timeout_max{15 * 60'000};
    LiveFirst::Limits selection;
  };
  std::variant<Rounds, Receipts> side;
};

/// A reading that is off the courier's hands for good.
struct Settled {
  RowId row;
  Origin origin;
  std::optional<std::string> id;       ///< the sender's own
  std::optional<std::string> refused;  ///< the reason; nullopt: delivered
  Millis accepted_at{};                ///< wall clock
};

// The bounds that metrics show.
inline constexpr std::array kAttemptsBounds{1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0};
inline constexpr std::array kAnswerSecondsBounds{0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                                 1.0,   2.5,  5.0,   10.0, 15.0, 30.0, 60.0};
inline constexpr std::array kAgeSecondsBounds{0.1,   0.5,   1.0,    2.5,     5.0,     10.0,     30.0,     60.0,
                                              300.0, 900.0, 3600.0, 21600.0, 86400.0, 259200.0, 604800.0, 2592000.0};

/// Counted since the start; for status, metrics and tests.
struct CourierStats {
  std::uint64_t sent{};  ///< attempts, one per reading
  std::uint64_t delivered{};
  std::uint64_t refused{};
  std::uint64_t failed{};                            ///< attempts that ended in Unavailable or without an answer
  std::uint64_t rested{};                            ///< rounds that failed
  std::uint64_t strangers{};                         ///< answers for readings that were not sent
  std::uint64_t repeated{};                          ///< receipts beside the one that settles their reading
  std::array<std::uint64_t, kCauses> unavailable{};  ///< attempts that ended in Unavailable, by cause
  Histogram<kAttemptsBounds> attempts;               ///< that a delivered reading took, all its rounds together
  Histogram<kAnswerSecondsBounds> answer_seconds;    ///< from the last attempt of a delivered reading to its answer
  Histogram<kAgeSecondsBounds> age_seconds;          ///< from a delivered reading's acceptance here to that answer
  std::size_t in_hand{};
  std::size_t open{};  ///< on their way, unanswered
  std::size_t window{};
  bool away{};

  bool operator==(const CourierStats&) const = default;
};

struct TickResult {
  Millis next{};  ///< steady time by which `tick` must be called again, if nothing happens before
  std::vector<Settled> settled;
};

/// Owner: the program. One thread, no clock, no waiting: everything happens in `tick`. Remembers only readings in hand;
/// a crash forgets them, and the queue hands them out again.
class Courier {
 public:
  /// `chance` gives numbers in [0, 1). Queue and sink outlive the courier.
  Courier(Queue& queue, Sink& sink, CourierPolicy policy, std::function<double()> chance);

  /// Settles what has completed, then sends what may be sent.
  [[nodiscard]] TickResult tick(Now now, std::span<const Completion> completions);

  /// There is no connection: answers are not waited for, so none can be late.
  void pause();
  /// There is one again: timers start anew; without the old session all that is unanswered goes again at once.
  void resume(Now now, bool session_present);

  [[nodiscard]] CourierStats stats() const;

 private:
  struct InHand {
    RowId row;
    VillageNumber village{};
    Origin origin;
    std::optional<std::string> id;
    Millis accepted_at{};
    std::uint32_t attempts{};  ///< in this round (rounds) or since ever (receipts)
    std::uint32_t tries{};     ///< since it came into hand; only counted
    std::uint32_t round{};
    bool open{};             ///< on its way; else it waits for its next attempt
    Millis sent_at{};        ///< steady, the first time
    Millis sent_again_at{};  ///< steady, the last time
    Millis at{};             ///< steady: answer due (open, receipts only) or next attempt
    bool timed{};            ///< whether `at` stands in timers_
  };
  using Table = std::unordered_map<std::int64_t, InHand>;
  struct Share {
    std::size_t held{};
    std::size_t open{};
  };
  /// When a reading was last sent of any village but a given one; steady.
  struct LastSent {
    VillageNumber village{};
    Millis at{Millis::min()};
    Millis other_at{Millis::min()};

    void note(VillageNumber sent, Millis steady);
    [[nodiscard]] Millis of_others(VillageNumber than) const { return than == village ? other_at : at; }
  };
  struct RestedRow {
    Rest rest;
    VillageNumber village{};
  };

  // courier.cpp: the turn of events
  template <class Step>
  void while_disk_has_room(Now now, Step step);
  void settle(Now now, const Completion& completion);
  void settle_resting(Now now, const Completion& completion);
  void on_delivered(Now now, InHand& entry);
  void heard(Now now);
  void on_refused(Now now, InHand& entry, const std::string& why);
  void on_unavailable(Now now, InHand& entry, const Unavailable& unavailable);
  void after_failed_attempt(Now now, InHand& entry, const RetryPolicy& retry, const Unavailable& why);
  void came_back(Now now);
  void make_due(Now now);
  void flush(Now now);
  [[nodiscard]] Millis next_call(Now now) const;

  // courier_send.cpp: what goes out
  void send(RoundRobin& villages, Now now);
  void send(LiveFirst& lines, Now now);
  [[nodiscard]] bool knock(RoundRobin& villages, Now now);
  [[nodiscard]] bool send_retry(Now now, bool even_if_early);
  [[nodiscard]] std::optional<std::int64_t> next_retry(Now now, bool even_if_early) const;
  [[nodiscard]] bool send_new(RoundRobin& villages, Now now);
  void send_expired(LiveFirst& lines, Now now);
  [[nodiscard]] std::vector<TakenRow> expired(LiveFirst& lines, Now now);
  void send_resting(LiveFirst& lines, Now now);
  void dispatch(Now now, std::span<const TakenRow> rows);
  void warn_of_silence(Now now);
  [[nodiscard]] LiveFirst::Slots free_slots() const;
  [[nodiscard]] bool may_hold(VillageNumber village) const;
  [[nodiscard]] bool may_open(Now now, VillageNumber village) const;

  // courier_hand.cpp: what is in hand
  InHand& hold(const TakenRow& row);
  void let_go(std::int64_t seq);
  void set_open(InHand& entry, bool open);
  void set_timer(InHand& entry, Millis at);
  void clear_timer(InHand& entry);
  void note_delivery(Now now, const InHand& entry);
  [[nodiscard]] Share share_of(VillageNumber village) const;
  [[nodiscard]] Queue::Skip held() const;
  [[nodiscard]] Millis timeout_for(std::uint32_t attempt) const;
  [[nodiscard]] Millis rest_for(std::uint32_t attempt) const;
  [[nodiscard]] const CourierPolicy::Rounds* rounds() const {
    return std::get_if<CourierPolicy::Rounds>(&policy_.side);
  }

  Queue& queue_;
  Sink& sink_;
  CourierPolicy policy_;
  std::function<double()> chance_;
  std::variant<RoundRobin, LiveFirst> selection_;
  Window window_;
  Presence presence_;
  RefusalGuard guard_;
  Table in_hand_;
  std::set<std::pair<Millis, std::int64_t>> timers_;
  std::unordered_map<VillageNumber, Share> shares_;  ///< of the villages that have something in hand
  LastSent last_sent_;
  std::vector<RestedRow> rested_in_trouble_;  ///< since the run of troubles began, at most kTroublesUntilAway
  std::vector<RestedRow> due_again_;          ///< the same, once it is over; not on the disk yet
  std::optional<Millis> hold_until_;          ///< Retry-After, or no room on the disk
  std::optional<Millis> flush_at_;
  std::optional<Cause> last_cause_;  ///< of the last failed attempt
  bool paused_{};
  bool retry_turn_{};                   ///< readings between attempts take turns with new ones
  bool silent_{};                       ///< something timed out and nothing at all was confirmed meanwhile
  std::optional<Millis> heard_at_;      ///< steady: the last receipt
  std::optional<Millis> silent_since_;  ///< steady: sent, and no receipt at all since
  Millis confirmed_sent_at_{
      Millis::min()};  ///< when the latest-sent confirmed reading was sent: first (receipts), last (rounds)
  std::vector<Settled> settled_;
  CourierStats stats_;
};

}  // namespace solar
