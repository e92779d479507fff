// The bearer token on its way to central.
#include "tests/support/process.hpp"
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;

namespace {

HttpSinkOptions options(const ScriptedHttp& central, const std::filesystem::path& token) {
  auto o = sink_options(central.url());
  o.token_file = token;
  return o;
}

}  // namespace

TEST_CASE("the token is sent, followed when its file changes, and missed loudly") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "token";
  write_secret(file, "secret-1\n");
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  HttpSink sink{options(central, file), kClock};
  const auto token = [&] {
    static_cast<void>(deliver(sink));
    return central.requests().back().header("Authorization");
  };

  CHECK(token() == "Bearer secret-1");
  write_secret(file, "secret-22\n");
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
    write_secret(file, bad);
    ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
    HttpSink sink{options(central, file), kClock};

    const auto outcome = deliver(sink);

    REQUIRE(std::holds_alternative<Unavailable>(outcome));
    CHECK(std::get<Unavailable>(outcome).why ==
          "API_TOKEN_FILE " + file.string() + " must hold one line of printable characters without spaces");
    CHECK(central.requests().empty());
  }
}
