// Every decision to retry, wait, widen, narrow or refuse: pure functions of time and chance, no clock, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "shared/clock.hpp"

namespace solar {

/// Why a reading could not be delivered now, as far as it decides what happens next.
enum class Cause {
  NoConnection,   ///< connection refused, reset, TLS or DNS error: overload, counts towards away
  Timeout,        ///< no answer in time: overload, counts towards away, may be this reading's fault
  Overload,       ///< 429, 503: counts towards away
  Gateway,        ///< 408, 502, 504: counts towards away
  ServerError,    ///< every other 5xx, 425, 409: may be this reading's fault
  Misconfigured,  ///< every other status, or refusals without end: never the reading's fault, counts towards away
};

inline constexpr std::size_t kCauses = 6;

/// Central has it, durably.
struct Delivered {
  bool operator==(const Delivered&) const = default;
};

/// Not now; the reading stays and is tried again.
struct Unavailable {
  Cause cause{};
  std::string why;                    ///< for people, one short line
  std::optional<Millis> retry_after;  ///< what the other side asked for, not yet clamped

  bool operator==(const Unavailable&) const = default;
};

/// This reading is wrong and will not become right by repeating.
struct Refused {
  std::string why;

  bool operator==(const Refused&) const = default;
};

using Outcome = std::variant<Delivered, Unavailable, Refused>;

[[nodiscard]] bool counts_towards_away(Cause cause);
[[nodiscard]] bool shrinks_window(Cause cause);
/// Whether the next knock should be with another reading.
[[nodiscard]] bool may_blame_reading(Cause cause);
[[nodiscard]] const char* to_string(Cause cause);

inline constexpr Millis kRetryAfterMin{1'000};
inline constexpr Millis kRetryAfterMax{15 * 60'000};
inline constexpr Millis kRestMax{15 * 60'000};  ///< a due time further off than this counts as due: clocks jump

/// `retry_after` within 1 s to 15 min.
[[nodiscard]] Millis clamp_retry_after(Millis retry_after);

/// A reading's attempts. A round is `attempts` tries `interval` apart; a reading whose round failed rests.
struct RetryPolicy {
  std::uint32_t attempts{5};
  Millis interval{10'000};
  Millis rest_first{60'000};  ///< after the first failed round; doubles with every further one
  Millis rest_max{kRestMax};

  bool operator==(const RetryPolicy&) const = default;
};

/// How long a reading rests after its `round`-th failed round (from 1): doubling, then up to a quarter less by
/// `chance` (0 <= chance < 1), never over rest_max.
[[nodiscard]] Millis rest_after(const RetryPolicy& policy, std::uint32_t round, double chance);

/// How long to wait for an answer to attempt number `attempt` (from 1): `first` doubling to `max`, up to a quarter more
/// by `chance`.
[[nodiscard]] Millis answer_timeout(Millis first, Millis max, std::uint32_t attempt, double chance);

/// How many requests (forwarder) or unconfirmed readings (publisher) may be out.
class Window {
 public:
  enum class Growth {
    PerRoundTrip,  ///< by one per window full of successes (additive increase)
    PerSuccess,    ///< by one per success
  };

  struct Limits {
    std::size_t min{1};
    std::size_t start{1};
    std::size_t max{64};
    Growth growth{Growth::PerRoundTrip};

    bool operator==(const Limits&) const = default;
  };

  explicit Window(Limits limits);

  [[nodiscard]] std::size_t size() const { return size_; }
  void on_success();
  /// Halves; failures of the requests that were out at that moment do not halve again: they are the same overload.
  void on_overload();
  /// One request was too slow while later ones were not: narrower by one.
  void on_straggler();
  void start_over();

 private:
  Limits limits_;
  std::size_t size_;
  std::size_t successes_{};            ///< since the last step, for PerRoundTrip
  std::size_t overloads_to_ignore_{};  ///< of requests that were out at the last halving
};

/// Whether the other side is there at all. Away after 5 troubles in a row; then one knock per interval until the first
/// success.
class Presence {
 public:
  static constexpr std::uint32_t kTroublesUntilAway = 5;

  enum class Change { None, WentAway, CameBack };

  explicit Presence(Millis knock_interval) : knock_interval_{knock_interval} {}

  Change on_delivered();
  /// A refusal shows that somebody is there who reads: it ends a run of troubles, not an absence.
  void on_refused();
  Change on_unavailable(Cause cause, Millis steady);
  /// Tells that a knock is on its way.
  void knocked(Millis steady) { next_knock_ = steady + knock_interval_; }

  [[nodiscard]] bool away() const { return away_; }
  [[nodiscard]] bool in_trouble() const { return troubles_ > 0; }
  [[nodiscard]] Millis next_knock() const { return next_knock_; }

 private:
  Millis knock_interval_;
  bool away_{};
  std::uint32_t troubles_{};
  Millis next_knock_{};
};

/// A reading may be refused only while central also takes some: after 20 refusals without a delivery between, they are
/// a fault of the set-up and the readings are kept.
class RefusalGuard {
 public:
  static constexpr std::uint32_t kRefusalsInARow = 20;

  void on_delivered() { refusals_ = 0; }
  /// A reading was refused for good.
  void on_refused() { ++refusals_; }
  /// The outcome to act upon instead of `refused`.
  [[nodiscard]] Outcome judge(Refused refused) const;

 private:
  std::uint32_t refusals_{};
};

}  // namespace solar
