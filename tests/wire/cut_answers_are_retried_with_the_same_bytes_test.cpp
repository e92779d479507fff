// Central may close after any byte of its answer. Whether it has the reading is then unknown: it gets the same again.
#include "tests/wire/central_wire.hpp"
#include "tests/wire/rigs.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

namespace {

const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

}  // namespace

TEST_CASE("an answer that ends in the middle is no delivery") {
  const auto half = unavailable(outcome_of({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::Close, {}}));
  const auto no_head_end = unavailable(outcome_of({"HTTP/1.1 200 OK\r\nContent-Le", Then::Close, {}}));
  const auto nothing = unavailable(outcome_of({"", Then::Close, {}}));

  CHECK(half.cause == Cause::NoConnection);
  CHECK(holds(half.why, "closed the connection before the end of its answer"));
  CHECK(no_head_end.cause == Cause::NoConnection);
  CHECK(nothing.cause == Cause::NoConnection);
}

TEST_CASE("an answer that ends after any of its bytes is no delivery, until the last one is there") {
  for (std::size_t bytes = 0; bytes < kAnswer.size(); ++bytes) {
    INFO("closed after " << bytes << " bytes");
    CHECK(unavailable(outcome_of({kAnswer.substr(0, bytes), Then::Close, {}})).cause == Cause::NoConnection);
  }
  CHECK(outcome_of({kAnswer, Then::Close, {}}) == Outcome{Delivered{}});
}

TEST_CASE("every attempt has the same key and the same bytes, wherever the answers before broke off") {
  const std::vector<std::size_t> cuts{0, 1, 9, 17, 19, 37, 38, 40};
  std::atomic<std::size_t> attempt{};
  ScriptedHttp central{[&](const ScriptedRequest&) {
    const std::size_t n = attempt++;
    return n < cuts.size() ? ScriptedAnswer{kAnswer.substr(0, cuts[n]), Then::Close, {}} : http_answer(200);
  }};
  ForwarderRig forwarder{"mqtt://127.0.0.1:9", central.url()};
  NewReading reading = with_id("Bamenda", "m-1", 0);
  reading.body = "{ \"power_kw\" : 1.50,\t\"village\":\"Bamenda\",\"x\":\"\\u00e9\xC3\xA9\" }";
  accept_one(forwarder.inbox(), reading, kClock.now().wall);

  forwarder.start();

  REQUIRE(eventually([&] { return forwarder.waiting() == 0; }));
  const auto requests = central.requests();
  CHECK(requests.size() > cuts.size());
  for (const auto& request : requests) {
    CHECK(request.body == reading.body);
    CHECK(request.header("Idempotency-Key") == requests.front().header("Idempotency-Key"));
  }
}
