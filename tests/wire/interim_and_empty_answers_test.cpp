// Answers without a body, and answers before the answer.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

TEST_CASE("an interim answer is not the answer") {
  for (const auto* const interim : {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n",
                                    "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 103 Early\r\n\r\n"}) {
    INFO(interim);
    CHECK(outcome_of({interim + http_answer(200).bytes, Then::Listen, {}}) == Outcome{Delivered{}});
    CHECK(unavailable(outcome_of({interim + http_answer(503).bytes, Then::Listen, {}})).cause == Cause::Overload);
    CHECK(unavailable(outcome_of({interim, Then::Close, {}})).cause == Cause::NoConnection);
  }
}

TEST_CASE("a 204 or 205 ends with its head, and its connection is used again") {
  for (const auto* const empty :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"}) {
    INFO(empty);
    ScriptedHttp central{[&](const ScriptedRequest&) { return ScriptedAnswer{empty, Then::Listen, {}}; }};
    HttpSink sink{sink_options(central.url()), kClock};

    for (std::int64_t seq = 1; seq <= 3; ++seq) CHECK(deliver(sink, parcel(seq)) == Outcome{Delivered{}});

    CHECK(central.requests().back().connection == 0);
  }
}
