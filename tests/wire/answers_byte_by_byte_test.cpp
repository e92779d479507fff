// TCP has no packets: an answer may come one byte at a time.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

namespace {

ScriptedAnswer byte_by_byte(std::string bytes, Then then = Then::Listen) {
  ScriptedAnswer answer{std::move(bytes), then, {}};
  answer.byte_by_byte = true;
  return answer;
}

}  // namespace

TEST_CASE("an answer that comes byte by byte is understood as a whole one") {
  CHECK(outcome_of(byte_by_byte(http_answer(200, "X-Y: z\r\n", "fine").bytes)) == Outcome{Delivered{}});
  CHECK(outcome_of(byte_by_byte(http_answer(422, {}, "too sunny").bytes)) ==
        Outcome{Refused{"central answered 422: too sunny"}});
  CHECK(unavailable(outcome_of(byte_by_byte(http_answer(503, "Retry-After: 7\r\n").bytes))).retry_after ==
        Millis{7'000});
}

TEST_CASE("interim and chunked answers may come byte by byte, too") {
  const std::string chunked =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntoo\r\n6\r\n "
      "sunny\r\n0\r\n\r\n";

  CHECK(outcome_of(byte_by_byte(chunked)) == Outcome{Refused{"central answered 400: too sunny"}});
}
