// The table of answers (design, section 4), over a real connection.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;

TEST_CASE("statuses for real mean what the table says") {
  const auto cause = [](int status) { return unavailable(outcome_of(http_answer(status))).cause; };

  CHECK(outcome_of(http_answer(200)) == Outcome{Delivered{}});
  CHECK(outcome_of(http_answer(422, {}, "village: unknown\nsecond line")) ==
        Outcome{Refused{"central answered 422: village: unknown"}});
  CHECK(cause(301) == Cause::Misconfigured);
  CHECK(cause(401) == Cause::Misconfigured);
  CHECK(cause(404) == Cause::Misconfigured);
  CHECK(cause(408) == Cause::Gateway);
  CHECK(cause(409) == Cause::ServerError);
  CHECK(cause(425) == Cause::ServerError);
  CHECK(cause(429) == Cause::Overload);
  CHECK(cause(500) == Cause::ServerError);
  CHECK(cause(502) == Cause::Gateway);
  CHECK(cause(503) == Cause::Overload);
  CHECK(cause(504) == Cause::Gateway);
}

TEST_CASE("a 409 is a delivery where the settings say so") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(409); }};
  auto options = sink_options(central.url());
  options.api_conflict = ApiConflict::Stored;
  HttpSink sink{options, kClock};

  CHECK(deliver(sink) == Outcome{Delivered{}});
}
