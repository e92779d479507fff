#include "forwarder/http_mapping.hpp"

#include <set>
#include <string>

#include "tests/support/catch.hpp"

using namespace solar;

namespace {

constexpr Millis kWall{1'769'594'400'000};  // 2026-01-28T10:00:00Z

Outcome outcome(int status, ApiConflict conflict = ApiConflict::Retry) {
  return to_outcome({status, std::nullopt, "no such field"}, conflict, kWall);
}

std::optional<Cause> cause(int status) {
  const auto result = outcome(status);
  const auto* const unavailable = std::get_if<Unavailable>(&result);
  return unavailable == nullptr ? std::nullopt : std::optional{unavailable->cause};
}

std::optional<Millis> retry_after(std::string_view value, Millis wall = kWall) {
  return parse_retry_after(value, wall);
}

}  // namespace

TEST_CASE("every status from 100 to 599 has the meaning that the design gives it") {
  const std::set<int> wrong_reading{400, 413, 422};
  const std::set<int> gateway{408, 502, 504};
  const std::set<int> overload{429, 503};
  const std::set<int> not_now{409, 425};

  for (int status = 100; status <= 599; ++status) {
    INFO("status " << status);
    if (status >= 200 && status <= 299) {
      CHECK(outcome(status) == Outcome{Delivered{}});
    } else if (wrong_reading.count(status) > 0) {
      CHECK(outcome(status) == Outcome{Refused{"central answered " + std::to_string(status) + ": no such field"}});
    } else if (gateway.count(status) > 0) {
      CHECK(cause(status) == Cause::Gateway);
    } else if (overload.count(status) > 0) {
      CHECK(cause(status) == Cause::Overload);
    } else if (not_now.count(status) > 0 || status >= 500) {
      CHECK(cause(status) == Cause::ServerError);
    } else {
      CHECK(cause(status) == Cause::Misconfigured);
    }
  }
}

TEST_CASE("a reason names the status and what to look at") {
  const auto why = [](int status) { return std::get<Unavailable>(outcome(status)).why; };

  CHECK(why(500) == "central answered 500");
  CHECK(why(401) == "central answered 401: check API_TOKEN_FILE");
  CHECK(why(404) == "central answered 404: check API_URL");
  CHECK(why(302) == "central answered 302, a redirect: set API_URL to the address that it leads to");
  CHECK(why(409).find("set API_CONFLICT to stored") != std::string::npos);
}

TEST_CASE("a 409 counts as delivered only where API_CONFLICT says stored") {
  CHECK(outcome(409, ApiConflict::Stored) == Outcome{Delivered{}});
  CHECK(cause(409) == Cause::ServerError);
  CHECK(std::holds_alternative<Refused>(outcome(400, ApiConflict::Stored)));
}

TEST_CASE("a refusal quotes the first line of the answer, printable and at most 200 bytes of it") {
  const auto refusal = [](std::string_view body) {
    return std::get<Refused>(to_outcome({422, std::nullopt, body}, ApiConflict::Retry, kWall)).why;
  };

  CHECK(refusal("") == "central answered 422");
  CHECK(refusal("power_kw: too large\r\nand more") == "central answered 422: power_kw: too large");
  CHECK(refusal("a\x1b[31mb").find('\x1b') == std::string::npos);
  CHECK(refusal("\xff").find('\xff') == std::string::npos);
  CHECK(refusal(std::string(5000, 'x')) == "central answered 422: " + std::string(200, 'x'));
}

TEST_CASE("Retry-After is taken in seconds") {
  CHECK(retry_after("120") == Millis{120'000});
  CHECK(retry_after(" 7 ") == Millis{7'000});
  CHECK(retry_after("0") == Millis{0});
  CHECK(clamp_retry_after(*retry_after("1000000000")) == kRetryAfterMax);
  CHECK(clamp_retry_after(*retry_after("99999999999999999999999999")) == kRetryAfterMax);
}

TEST_CASE("Retry-After is taken as a date in each of the three forms of HTTP") {
  CHECK(retry_after("Wed, 28 Jan 2026 10:00:30 GMT") == Millis{30'000});
  CHECK(retry_after("Wednesday, 28-Jan-26 10:00:30 GMT") == Millis{30'000});
  CHECK(retry_after("Wed Jan 28 10:00:30 2026") == Millis{30'000});
}

TEST_CASE("a Retry-After that makes no sense is as none") {
  for (const auto* const rubbish :
       {"", " ", "\r", "1e9", "-1", "+5", "soon", "12 s", "0x10", "1.5", "Wed, 28 Jan 2026 09:59:59 GMT",
        "Wed, 99 Jan 2026 10:00:30 GMT", "Wed, 28 Jan 2026 10:00:30 CET"}) {
    INFO(rubbish);
    CHECK(retry_after(rubbish) == std::nullopt);
  }
  CHECK(retry_after(std::string(1000, '1')) == std::nullopt);
  CHECK(retry_after("Wed, 28 Jan 2026 10:00:30 GMT", Millis{1'000}) == std::nullopt);  // a clock without a battery
}

TEST_CASE("Retry-After travels with every answer that asks to wait") {
  for (const int status : {429, 503, 500, 404, 302}) {
    const auto result = to_outcome({status, "60", ""}, ApiConflict::Retry, kWall);

    CHECK(std::get<Unavailable>(result).retry_after == Millis{60'000});
  }
}

TEST_CASE("no answer is never the end of a reading") {
  for (const auto fault : {TransportFault::Unresolvable, TransportFault::NoConnection, TransportFault::Tls,
                           TransportFault::Closed, TransportFault::NotHttp, TransportFault::Local}) {
    CHECK(to_outcome(fault, "why") == Outcome{Unavailable{Cause::NoConnection, "why", std::nullopt}});
  }
  CHECK(to_outcome(TransportFault::Timeout, "why") == Outcome{Unavailable{Cause::Timeout, "why", std::nullopt}});
}

TEST_CASE("an idempotency key is village, device, id and checksum") {
  CHECK(idempotency_key({"Bamenda", "main"}, "0123456789abcdef-42", 0x00C0FFEE) ==
        "Bamenda/main/0123456789abcdef-42/00c0ffee");
}

TEST_CASE("an idempotency key can always stand in a quoted header and be taken apart again") {
  CHECK(idempotency_key({"a/b+c#d%e$", "\x01\x7f"}, "x", 1) == "a%2Fb%2Bc%23d%25e%24/%01%7F/x/00000001");
  CHECK(idempotency_key({"Foum\xc3\xa9na \"2\"", "\\"}, "x", 0xFFFFFFFF) == "Foum%C3%A9na %222%22/%5C/x/ffffffff");
}
