#include "forwarder/http_sink.hpp"

#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_http.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

namespace {

const SystemClock kClock;

Parcel parcel(std::int64_t seq, std::string body = R"({"village":"Bamenda","power_kw":120})") {
  Parcel p;
  p.row = {0x0123456789abcdef, seq};
  p.origin = {"Bamenda", "main"};
  p.body = std::move(body);
  p.crc = 0xC0FFEE;
  return p;
}

HttpSinkOptions options(std::string url, Millis timeout = Millis{10'000}) {
  HttpSinkOptions o;
  o.url = std::move(url);
  o.request_timeout = timeout;
  return o;
}

std::vector<Completion> completions(HttpSink& sink, std::size_t count) {
  std::vector<Completion> all;
  const auto arrived = [&] {
    for (auto& c : sink.poll(Millis{50})) all.push_back(std::move(c));
    return all.size() >= count;
  };
  CHECK(eventually(arrived, kPatience, std::chrono::milliseconds{0}));
  return all;
}

Outcome deliver(HttpSink& sink, const Parcel& what = parcel(1)) {
  sink.send({&what, 1});
  const auto all = completions(sink, 1);
  REQUIRE(all.size() == 1);
  CHECK(all.front().row == what.row);
  return all.front().outcome;
}

/// What becomes of a reading when central does `answer`.
Outcome outcome_of(const ScriptedAnswer& answer, Millis timeout = Millis{10'000}) {
  ScriptedHttp central{[&](const ScriptedRequest&) { return answer; }};
  HttpSink sink{options(central.url(), timeout), kClock};
  return deliver(sink);
}

Unavailable unavailable(const Outcome& outcome) {
  REQUIRE(std::holds_alternative<Unavailable>(outcome));
  return std::get<Unavailable>(outcome);
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a reading is POSTed byte for byte with its key and nothing that waits for a 100") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(201); }};
  HttpSink sink{options(central.url()), kClock};

  CHECK(deliver(sink, parcel(42, "{ \"power_kw\" : 1.50, \"village\":\"Bamenda\" }")) == Outcome{Delivered{}});

  const auto requests = central.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].head.starts_with("POST /api/solar HTTP/1.1\r\n"));
  CHECK(requests[0].body == "{ \"power_kw\" : 1.50, \"village\":\"Bamenda\" }");
  CHECK(requests[0].header("Content-Type") == "application/json");
  CHECK(requests[0].header("Idempotency-Key") == "\"Bamenda/main/0123456789abcdef-42/00c0ffee\"");
  CHECK(requests[0].header("Expect").empty());
  CHECK(requests[0].header("Authorization").empty());
}

TEST_CASE("a sender's own id stands in the key") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  HttpSink sink{options(central.url()), kClock};
  auto p = parcel(1);
  p.id = "meter:7";

  static_cast<void>(deliver(sink, p));

  CHECK(central.requests().at(0).header("Idempotency-Key") == "\"Bamenda/main/meter:7/00c0ffee\"");
}

TEST_CASE("ten statuses for real mean what the table says") {
  const auto cause = [](int status) { return unavailable(outcome_of(http_answer(status))).cause; };

  CHECK(outcome_of(http_answer(200)) == Outcome{Delivered{}});
  CHECK(outcome_of({"HTTP/1.1 204 No Content\r\n\r\n", Then::Listen, {}}) == Outcome{Delivered{}});
  CHECK(outcome_of(http_answer(422, {}, "village: unknown\nsecond line")) ==
        Outcome{Refused{"central answered 422: village: unknown"}});
  CHECK(cause(301) == Cause::Misconfigured);
  CHECK(cause(401) == Cause::Misconfigured);
  CHECK(cause(404) == Cause::Misconfigured);
  CHECK(cause(409) == Cause::ServerError);
  CHECK(cause(429) == Cause::Overload);
  CHECK(cause(500) == Cause::ServerError);
  CHECK(cause(502) == Cause::Gateway);
  CHECK(cause(503) == Cause::Overload);
}

TEST_CASE("a redirect is not followed") {
  ScriptedHttp other{[](const ScriptedRequest&) { return http_answer(200); }};
  ScriptedHttp central{[&](const ScriptedRequest&) { return http_answer(307, "Location: " + other.url() + "\r\n"); }};
  HttpSink sink{options(central.url()), kClock};

  CHECK(holds(unavailable(deliver(sink)).why, "a redirect"));
  CHECK(other.requests().empty());
}

TEST_CASE("an interim answer is not the answer") {
  const ScriptedAnswer both{"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + http_answer(200).bytes, Then::Listen, {}};

  CHECK(outcome_of(both) == Outcome{Delivered{}});
}

TEST_CASE("Retry-After reaches the outcome in its forms, and rubbish does not") {
  const auto wait = [](std::string_view value) {
    return unavailable(outcome_of(http_answer(503, "Retry-After: " + std::string{value} + "\r\n"))).retry_after;
  };

  CHECK(wait("7") == Millis{7'000});
  CHECK(wait("0") == Millis{0});
  CHECK(clamp_retry_after(wait("1000000000").value()) == kRetryAfterMax);
  CHECK(wait("Fri, 31 Dec 9999 23:59:59 GMT").value() > kRetryAfterMax);
  CHECK(wait("1e9") == std::nullopt);
  CHECK(wait("soon") == std::nullopt);
  CHECK(wait("") == std::nullopt);
}

TEST_CASE("an answer that ends in the middle is no delivery") {
  const auto half = unavailable(outcome_of({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::Close, {}}));
  const auto no_head_end = unavailable(outcome_of({"HTTP/1.1 200 OK\r\nContent-Le", Then::Close, {}}));
  const auto nothing = unavailable(outcome_of({"", Then::Close, {}}));

  CHECK(half.cause == Cause::NoConnection);
  CHECK(holds(half.why, "closed the connection before the end of its answer"));
  CHECK(no_head_end.cause == Cause::NoConnection);
  CHECK(nothing.cause == Cause::NoConnection);
}

TEST_CASE("a used connection that closes before its answer costs at most a repetition with the same key") {
  ScriptedHttp central{[](const ScriptedRequest& r) {
    return r.connection == 0 && r.on_connection == 1 ? ScriptedAnswer{"", Then::Close, {}} : http_answer(200);
  }};
  HttpSink sink{options(central.url()), kClock};
  REQUIRE(deliver(sink, parcel(1)) == Outcome{Delivered{}});

  const auto second = deliver(sink, parcel(2));

  const auto requests = central.requests();
  CHECK((second == Outcome{Delivered{}} || unavailable(second).cause == Cause::NoConnection));
  REQUIRE(requests.size() >= 2);
  CHECK(requests.back().header("Idempotency-Key") == requests.at(1).header("Idempotency-Key"));
}

TEST_CASE("a 2xx with an endless body counts, once it is longer than anybody reads") {
  const auto start = std::chrono::steady_clock::now();
  const std::string chunk = "400\r\n" + std::string(0x400, 'x') + "\r\n";

  CHECK(outcome_of({"HTTP/1.1 200 OK\r\n\r\n", Then::Repeat, "more"}) == Outcome{Delivered{}});
  CHECK(outcome_of({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Then::Repeat, chunk}) ==
        Outcome{Delivered{}});
  CHECK(unavailable(outcome_of({"HTTP/1.1 500 x\r\n\r\n", Then::Repeat, "more"})).cause == Cause::ServerError);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{9});
}

TEST_CASE("headers and interim answers without an end are given up long before the timeout") {
  const auto start = std::chrono::steady_clock::now();
  const auto headers =
      unavailable(outcome_of({"HTTP/1.1 200 OK\r\n", Then::Repeat, "X: " + std::string(1'000, 'x') + "\r\n"}));
  const auto interim = unavailable(outcome_of({"", Then::Repeat, "HTTP/1.1 103 Early\r\n\r\n"}));

  for (const auto& given_up : {headers, interim}) {
    CHECK(given_up.cause == Cause::NoConnection);
    CHECK(holds(given_up.why, "does not answer in HTTP"));
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{9});
}

TEST_CASE("what does not speak HTTP is told as such") {
  CHECK(holds(unavailable(outcome_of({"SSH-2.0-OpenSSH_9.2\r\n", Then::Close, {}})).why, "does not answer in HTTP"));
}

TEST_CASE("an answer that never comes is a timeout, and blocks no other request") {
  ScriptedHttp central{[](const ScriptedRequest& r) {
    return r.body == "hang" ? ScriptedAnswer{"", Then::Hang, {}} : http_answer(200);
  }};
  HttpSink sink{options(central.url(), Millis{1'500}), kClock};
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
  CHECK(holds(unavailable(second[0].outcome).why, "within 1500 ms"));
}

TEST_CASE("an answer that drips is a timeout too") {
  ScriptedHttp central{[](const ScriptedRequest&) {
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", Then::Hang, {}};
  }};
  HttpSink sink{options(central.url(), Millis{300}), kClock};

  CHECK(unavailable(deliver(sink)).cause == Cause::Timeout);
}

TEST_CASE("a refused connection names who refused") {
  const auto port = std::to_string(free_port());
  HttpSink sink{options("http://127.0.0.1:" + port + "/api/solar"), kClock};

  CHECK(deliver(sink) ==
        Outcome{Unavailable{Cause::NoConnection, "connection refused by 127.0.0.1:" + port, std::nullopt}});
}

TEST_CASE("a host name that does not resolve is named") {
  HttpSink sink{options("http://central-server.invalid:8000/api/solar"), kClock};

  CHECK(deliver(sink) ==
        Outcome{Unavailable{Cause::NoConnection, "host name central-server.invalid does not resolve", std::nullopt}});
}

TEST_CASE("central without TLS where TLS is expected is told as such") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  std::thread answer;  // the server above never sees a whole request: answer the hello by hand
  const auto port = free_port();
  const auto listener = listen_on(port);
  answer = std::thread{[&] {
    const auto socket = accept_from(listener, kPatience);
    static_cast<void>(receive_some(socket, kPatience));
    static_cast<void>(send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"));
  }};
  HttpSink sink{options("https://127.0.0.1:" + std::to_string(port) + "/"), kClock};

  const auto why = unavailable(deliver(sink)).why;

  answer.join();
  CHECK(holds(why, "TLS to 127.0.0.1:" + std::to_string(port) + " failed"));
}

TEST_CASE("connections are used again, and no more requests are open than allowed") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  auto o = options(central.url());
  o.max_open = 4;
  HttpSink sink{o, kClock};

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

TEST_CASE("a poll that waits ends at once when it is woken from another thread") {
  HttpSink sink{options("http://127.0.0.1:9/"), kClock};
  const auto start = std::chrono::steady_clock::now();
  std::thread other{[&] { sink.wake(); }};

  CHECK(sink.poll(kPatience).empty());

  other.join();
  CHECK(std::chrono::steady_clock::now() - start < kPatience / 2);
}

TEST_CASE("an address that is none is told when the sink is made") {
  for (const auto* const url : {"", "central:8000", "ftp://central/", "http://"}) {
    INFO(url);
    CHECK_THROWS_AS((HttpSink{options(url), kClock}), std::invalid_argument);
  }
}
