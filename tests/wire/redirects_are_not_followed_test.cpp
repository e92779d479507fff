// Where readings go is set by a person, not by whoever answers.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("a redirect is not followed") {
  for (const int status : {301, 302, 303, 307, 308}) {
    INFO(status);
    ScriptedHttp other{[](const ScriptedRequest&) { return http_answer(200); }};
    ScriptedHttp central{
        [&](const ScriptedRequest&) { return http_answer(status, "Location: " + other.url() + "\r\n"); }};
    HttpSink sink{sink_options(central.url()), kClock};

    const auto outcome = unavailable(deliver(sink));

    CHECK(outcome.cause == Cause::Misconfigured);
    CHECK(holds(outcome.why, "a redirect"));
    CHECK(other.requests().empty());
  }
}
