#include "tests/simulation/central.hpp"

#include <utility>

namespace solar::test {

namespace {

constexpr Millis kSecond{1'000};

}  // namespace

Central::Central(Schedule& schedule, Ledger& ledger, Journal& journal, Dice& dice)
    : schedule_{schedule}, ledger_{ledger}, journal_{journal}, dice_{dice} {}

void Central::set_mood(Mood mood) {
  mood_ = mood;
  journal_.note("central is in mood {}", {static_cast<std::int64_t>(mood)});
}

void Central::heal() {
  set_mood(Mood::Fine);
  cut_off_.clear();
}

void Central::request(const RequestPtr& request) {
  if (mood_ == Mood::Unreachable || cut_off_.contains(request->node)) {
    journal_.bite(Bite::CentralUnreachable);
    schedule_.after(delay(), [request] { request->failed(TransportFault::NoConnection); });
    return;
  }
  schedule_.after(delay(), [this, request] { arrive(request); });
  if (dice_.percent(3)) {
    journal_.bite(Bite::CentralRequestTwice);
    schedule_.after(dice_.spread(Millis{10}, 30 * kSecond), [this, request] { arrive(request); });
  }
}

void Central::answer(const RequestPtr& request, int status, std::string retry_after) {
  schedule_.after(delay(),
                  [request, answer = CentralAnswer{status, std::move(retry_after)}] { request->answered(answer); });
}

/// Stored for good, once.
void Central::take(const RequestPtr& request) {
  if (!known_.insert(request->key).second) return journal_.bite(Bite::CentralDuplicate);
  ledger_.stored(request->body, schedule_.now());
}

/// As it should be.
void Central::serve(const RequestPtr& request) {
  if (ledger_.at(ledger_.number_of(request->body)).poison) {
    journal_.bite(Bite::CentralRefusedReading);
    ledger_.refused(request->body);
    return answer(request, one_of({400, 413, 422}));
  }
  take(request);
  answer(request, one_of({200, 201, 202, 204}));
}

std::string Central::some_retry_after() {
  if (dice_.percent(20)) return "Fri, 31 Dec 1999 23:59:59 GMT";
  return std::to_string(dice_.spread(kSecond, 1'200 * kSecond) / kSecond);
}

void Central::arrive(const RequestPtr& request) {
  ledger_.arrived(request->key, request->body);
  switch (mood_) {
    case Mood::Fine:
    case Mood::Unreachable:
      return serve(request);
    case Mood::Hanging:
      return journal_.bite(Bite::CentralTimeout);
    case Mood::Slow:
      journal_.bite(Bite::CentralSlow);
      schedule_.after(dice_.between(kSecond, 25 * kSecond), [this, request] { serve(request); });
      return;
    case Mood::ServerErrors:
      journal_.bite(Bite::CentralServerError);
      if (dice_.percent(20)) return serve(request);
      if (dice_.percent(20) && !ledger_.at(ledger_.number_of(request->body)).poison) take(request);
      return answer(request, one_of({500, 502, 503, 504, 408, 425}));
    case Mood::RateLimits:
      if (dice_.percent(30)) return serve(request);
      journal_.bite(Bite::CentralRateLimit);
      return answer(request, 429, some_retry_after());
    case Mood::Misconfigured:
      journal_.bite(Bite::CentralMisconfigured);
      return answer(request, one_of({301, 401, 403, 404, 405}));
    case Mood::RefusesAll:
      journal_.bite(Bite::CentralRefusedAll);
      ledger_.refused(request->body);
      return answer(request, one_of({400, 422}));
    case Mood::Mute:
      if (ledger_.at(ledger_.number_of(request->body)).poison) return;
      journal_.bite(Bite::CentralStoredWithoutAnswer);
      take(request);
      if (dice_.percent(50)) schedule_.after(delay(), [request] { request->failed(TransportFault::Closed); });
      return;
    case Mood::Conflicts:
      if (!known_.contains(request->key)) return serve(request);
      journal_.bite(Bite::CentralConflict);
      return answer(request, 409);
  }
}

}  // namespace solar::test
