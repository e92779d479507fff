// Central as it may be: there or not, slow, refusing, answering wrongly or not at all, but keeping its contract: 2xx
// only once durable, the same key and body again gets 2xx.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <variant>

#include "forwarder/http_mapping.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/ledger.hpp"

namespace solar::test {

struct CentralAnswer {
  int status{};
  std::string retry_after;  ///< the header's value; empty: none
};

/// A request on its way. Whoever asked may have given it up.
struct Request {
  std::size_t node{};
  std::string key;
  std::string body;
  std::function<void(const CentralAnswer&)> answered;
  std::function<void(TransportFault)> failed;
};
using RequestPtr = std::shared_ptr<const Request>;

/// Owner: the world. One thread.
class Central {
 public:
  enum class Mood : std::uint8_t {
    Fine,
    Unreachable,
    Hanging,
    Slow,
    ServerErrors,
    RateLimits,
    Misconfigured,
    RefusesAll,
    Mute,      ///< stores, and does not answer
    Conflicts  ///< 409 for every key that it knows
  };
  static constexpr std::size_t kMoods = 10;

  Central(Schedule& schedule, Ledger& ledger, Journal& journal, Dice& dice);

  void request(const RequestPtr& request);
  void set_mood(Mood mood);
  /// No way between a forwarder and central.
  void cut_off(std::size_t node) { cut_off_.insert(node); }
  void heal();
  void set_delay(Millis low, Millis high) {
    delay_low_ = low;
    delay_high_ = high;
  }

 private:
  void arrive(const RequestPtr& request);
  void answer(const RequestPtr& request, int status, std::string retry_after = {});
  void take(const RequestPtr& request);
  void serve(const RequestPtr& request);
  [[nodiscard]] Millis delay() { return dice_.between(delay_low_, delay_high_); }
  [[nodiscard]] std::string some_retry_after();
  template <std::size_t kCount>
  [[nodiscard]] int one_of(const int (&statuses)[kCount]) {
    return statuses[dice_.below(kCount)];
  }

  Schedule& schedule_;
  Ledger& ledger_;
  Journal& journal_;
  Dice& dice_;
  Mood mood_{Mood::Fine};
  std::set<std::size_t> cut_off_;
  std::unordered_set<std::string> known_;
  Millis delay_low_{2};
  Millis delay_high_{40};
};

}  // namespace solar::test
