// The bearer token on its way to central.
#include <string>

#include "forwarder/http_sink.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/support/wait.hpp"

using namespace solar;
using namespace solar::test;

namespace {

const SystemClock kClock;

Outcome deliver(HttpSink& sink) {
  Parcel parcel;
  parcel.row = {1, 1};
  parcel.origin = {"Bamenda", "main"};
  parcel.body = "{}";
  sink.send({&parcel, 1});
  std::vector<Completion> done;
  REQUIRE(eventually([&] {
    done = sink.poll(Millis{50});
    return !done.empty();
  }));
  return done.front().outcome;
}

HttpSinkOptions options(const ScriptedHttp& central, const std::filesystem::path& token) {
  HttpSinkOptions o;
  o.url = central.url();
  o.token_file = token;
  return o;
}

}  // namespace

TEST_CASE("the token is sent, followed when its file changes, and missed loudly") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "token";
  write_file(file, "secret-1\n");
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  HttpSink sink{options(central, file), kClock};
  const auto token = [&] {
    static_cast<void>(deliver(sink));
    return central.requests().back().header("Authorization");
  };

  CHECK(token() == "Bearer secret-1");
  write_file(file, "secret-22\n");
  CHECK(eventually([&] { return token() == "Bearer secret-22"; }));

  std::filesystem::remove(file);
  CHECK(eventually([&] { return deliver(sink) != Outcome{Delivered{}}; }));
  const auto missing = deliver(sink);
  REQUIRE(std::holds_alternative<Unavailable>(missing));
  CHECK(std::get<Unavailable>(missing).cause == Cause::Misconfigured);
  CHECK(std::get<Unavailable>(missing).why ==
        "API_TOKEN_FILE " + file.string() + " cannot be read: No such file or directory");
}

TEST_CASE("a token that cannot stand in a header is never sent, nor shown") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "token";
  for (const auto* const bad : {"", "two\nlines\n", "a\rX-Evil: 1", "with space", "\x01"}) {
    write_file(file, bad);
    ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
    HttpSink sink{options(central, file), kClock};

    const auto outcome = deliver(sink);

    REQUIRE(std::holds_alternative<Unavailable>(outcome));
    CHECK(std::get<Unavailable>(outcome).why ==
          "API_TOKEN_FILE " + file.string() + " must hold one line of printable characters without spaces");
    CHECK(central.requests().empty());
  }
}
