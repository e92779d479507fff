// A server may close a connection that it kept open at the very moment when the next request goes out on it.
#include <set>

#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

TEST_CASE("a used connection that closes before its answer costs at most a repetition with the same key") {
  ScriptedHttp central{[](const ScriptedRequest& r) {
    return r.connection == 0 && r.on_connection == 1 ? ScriptedAnswer{"", Then::Close, {}} : http_answer(200);
  }};
  HttpSink sink{sink_options(central.url()), kClock};
  REQUIRE(deliver(sink, parcel(1)) == Outcome{Delivered{}});

  Outcome second = deliver(sink, parcel(2));
  // curl repeats some requests by itself; the others come again as the courier's next attempt.
  if (second != Outcome{Delivered{}}) {
    CHECK(unavailable(second).cause == Cause::NoConnection);
    second = deliver(sink, parcel(2));
  }

  CHECK(second == Outcome{Delivered{}});
  const auto requests = central.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests.at(1).header("Idempotency-Key") != requests.at(0).header("Idempotency-Key"));
  CHECK(requests.at(2).header("Idempotency-Key") == requests.at(1).header("Idempotency-Key"));
  CHECK(requests.at(2).body == requests.at(1).body);
}

TEST_CASE("a connection that the server closed between two requests is noticed, and a new one is made") {
  ScriptedHttp central{[](const ScriptedRequest&) {
    auto answer = http_answer(200);
    answer.then = Then::Close;
    return answer;
  }};
  HttpSink sink{sink_options(central.url()), kClock};

  for (std::int64_t seq = 1; seq <= 5; ++seq) {
    // The end of the last connection may be noticed only by the request that meets it.
    REQUIRE(eventually([&] { return deliver(sink, parcel(seq)) == Outcome{Delivered{}}; }));
  }

  std::set<std::string> keys;
  for (const auto& request : central.requests()) keys.insert(request.header("Idempotency-Key"));
  CHECK(keys.size() == 5);
}

TEST_CASE("connections are used again, and no more requests are open than allowed") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  auto options = sink_options(central.url());
  options.max_open = 4;
  HttpSink sink{options, kClock};

  for (std::int64_t round = 0; round < 25; ++round) {
    std::size_t sent{};
    for (; sink.room() > 0; ++sent) {
      const auto p = parcel(round * 4 + static_cast<std::int64_t>(sent));
      sink.send({&p, 1});
    }
    CHECK(sent == 4);
    CHECK(completions(sink, sent).size() == 4);
  }

  std::set<std::size_t> connections;
  for (const auto& request : central.requests()) connections.insert(request.connection);
  CHECK(central.requests().size() == 100);
  CHECK(connections.size() <= 4);
}
