// Ways in which an answer may say where it ends.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

TEST_CASE("an answer in HTTP/1.0 without a length ends with its connection") {
  CHECK(outcome_of({"HTTP/1.0 200 OK\r\n\r\nfine", Then::Close, {}}) == Outcome{Delivered{}});
  CHECK(outcome_of({"HTTP/1.0 200 OK\r\n\r\n", Then::Close, {}}) == Outcome{Delivered{}});
  CHECK(outcome_of({"HTTP/1.0 400 x\r\n\r\ntoo sunny", Then::Close, {}}) ==
        Outcome{Refused{"central answered 400: too sunny"}});
}

TEST_CASE("a chunked answer is read to its end, trailers included") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

  CHECK(outcome_of({head + "4\r\nfine\r\n0\r\n\r\n", Then::Listen, {}}) == Outcome{Delivered{}});
  CHECK(outcome_of({head + "0\r\nX-Trailer: y\r\n\r\n", Then::Listen, {}}) == Outcome{Delivered{}});
  CHECK(unavailable(outcome_of({head + "4\r\nfi", Then::Close, {}})).cause == Cause::NoConnection);
  CHECK(unavailable(outcome_of({head + "4\r\nfine\r\n", Then::Close, {}})).cause == Cause::NoConnection);
}

TEST_CASE("an answer that says two things about its end is no delivery to rely on, and does no harm") {
  const auto twice =
      outcome_of({"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nfine", Then::Close, {}});
  const auto not_a_length = outcome_of({"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nfine", Then::Close, {}});
  const auto bad_chunk =
      outcome_of({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nfine\r\n", Then::Close, {}});

  CHECK(std::holds_alternative<Unavailable>(twice));
  CHECK(std::holds_alternative<Unavailable>(not_a_length));
  CHECK(std::holds_alternative<Unavailable>(bad_chunk));
}
