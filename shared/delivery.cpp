#include "shared/delivery.hpp"

#include <algorithm>
#include <cassert>

namespace solar {

namespace {

/// first * 2^doublings, at most max, without overflow.
Millis doubled(Millis first, Millis max, std::uint32_t doublings) {
  Millis value = std::min(first, max);
  for (std::uint32_t i = 0; i < doublings && value.count() > 0 && value < max; ++i) {
    value = value > max / 2 ? max : value * 2;
  }
  return value;
}

Millis part_of(Millis whole, double part) {
  return Millis{static_cast<Millis::rep>(static_cast<double>(whole.count()) * part)};
}

}  // namespace

bool counts_towards_away(Cause cause) { return cause != Cause::ServerError; }

bool shrinks_window(Cause cause) {
  return cause == Cause::NoConnection || cause == Cause::Timeout || cause == Cause::Overload;
}

bool may_blame_reading(Cause cause) {
  return cause == Cause::Timeout || cause == Cause::ServerError || cause == Cause::Misconfigured;
}

const char* to_string(Cause cause) {
  switch (cause) {
    case Cause::NoConnection:
      return "no_connection";
    case Cause::Timeout:
      return "timeout";
    case Cause::Overload:
      return "overload";
    case Cause::Gateway:
      return "gateway";
    case Cause::ServerError:
      return "server_error";
    case Cause::Misconfigured:
      return "misconfigured";
  }
  return "unknown";
}

Millis clamp_retry_after(Millis retry_after) { return std::clamp(retry_after, kRetryAfterMin, kRetryAfterMax); }

Millis rest_after(const RetryPolicy& policy, std::uint32_t round, double chance) {
  assert(chance >= 0 && chance < 1);
  const Millis whole = doubled(policy.rest_first, policy.rest_max, round == 0 ? 0 : round - 1);
  return whole - part_of(whole, chance / 4);
}

Millis answer_timeout(Millis first, Millis max, std::uint32_t attempt, double chance) {
  assert(chance >= 0 && chance < 1);
  const Millis whole = doubled(first, max, attempt == 0 ? 0 : attempt - 1);
  return whole + part_of(whole, chance / 4);
}

Window::Window(Limits limits) : limits_{limits}, size_{limits.start} {
  assert(limits.min >= 1 && limits.min <= limits.start && limits.start <= limits.max);
}

void Window::on_success() {
  if (overloads_to_ignore_ > 0) --overloads_to_ignore_;
  ++successes_;
  if (limits_.growth == Growth::PerRoundTrip && successes_ < size_) return;
  successes_ = 0;
  size_ = std::min(size_ + 1, limits_.max);
}

void Window::on_overload() {
  if (overloads_to_ignore_ > 0) {
    --overloads_to_ignore_;
    return;
  }
  overloads_to_ignore_ = size_ - 1;
  successes_ = 0;
  size_ = std::max(size_ / 2, limits_.min);
}

void Window::on_straggler() {
  if (overloads_to_ignore_ > 0) {
    --overloads_to_ignore_;
  } else {
    size_ = std::max(size_ - 1, limits_.min);
  }
}

void Window::start_over() {
  size_ = limits_.start;
  successes_ = 0;
  overloads_to_ignore_ = 0;
}

Presence::Change Presence::on_delivered() {
  troubles_ = 0;
  if (!away_) return Change::None;
  away_ = false;
  return Change::CameBack;
}

void Presence::on_refused() { troubles_ = 0; }

Presence::Change Presence::on_unavailable(Cause cause, Millis steady) {
  if (!counts_towards_away(cause)) {
    if (!away_) troubles_ = 0;
    return Change::None;
  }
  if (away_ || ++troubles_ < kTroublesUntilAway) return Change::None;
  away_ = true;
  next_knock_ = steady + knock_interval_;
  return Change::WentAway;
}

Outcome RefusalGuard::judge(Refused refused) const {
  if (refusals_ < kRefusalsInARow) return refused;
  return Unavailable{.cause = Cause::Misconfigured,
                     .why = std::to_string(kRefusalsInARow) + " readings refused in a row and none taken between: " +
                            "this is not the readings' fault; last reason: " + refused.why,
                     .retry_after = std::nullopt};
}

}  // namespace solar
