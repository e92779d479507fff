// The timeout is for the whole answer: a byte now and then does not make it longer.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

TEST_CASE("an answer that never comes is a timeout, and blocks no other request") {
  ScriptedHttp central{[](const ScriptedRequest& r) {
    return r.body == "hang" ? ScriptedAnswer{"", Then::Hang, {}} : http_answer(200);
  }};
  HttpSink sink{sink_options(central.url(), Millis{2'500}), kClock};
  const auto slow = parcel(1, "hang");
  const auto quick = parcel(2, "{}");
  sink.send({&slow, 1});
  sink.send({&quick, 1});

  const auto first = completions(sink, 1);
  const auto second = completions(sink, 1);

  REQUIRE(first.size() == 1);
  CHECK(first[0] == Completion{quick.row, Delivered{}});
  REQUIRE(second.size() == 1);
  CHECK(unavailable(second[0].outcome).cause == Cause::Timeout);
  CHECK(holds(unavailable(second[0].outcome).why, "within 2500 ms"));
}

TEST_CASE("an answer that stops in the middle is a timeout") {
  CHECK(unavailable(outcome_of({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", Then::Hang, {}}, Millis{500})).cause ==
        Cause::Timeout);
}

TEST_CASE("an answer that drips for ever is a timeout too") {
  ScriptedAnswer head{"HTTP/1.1 200 OK\r\nX: ", Then::Drip, "x"};
  ScriptedAnswer body{"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", Then::Drip, "x"};

  CHECK(unavailable(outcome_of(head, Millis{500})).cause == Cause::Timeout);
  CHECK(unavailable(outcome_of(body, Millis{500})).cause == Cause::Timeout);
}
