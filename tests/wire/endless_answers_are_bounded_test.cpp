// Nobody can fill a forwarder's memory, nor hold it up until the timeout, by an answer without an end.
#include "tests/wire/central_wire.hpp"

using namespace solar;
using namespace solar::test;
using Then = ScriptedAnswer::Then;

namespace {

constexpr Millis kTimeout{120'000};
constexpr std::chrono::seconds kLongBeforeTheTimeout{60};

}  // namespace

TEST_CASE("a 2xx with an endless body counts, once it is longer than anybody reads") {
  const auto start = std::chrono::steady_clock::now();
  const std::string chunk = "400\r\n" + std::string(0x400, 'x') + "\r\n";

  CHECK(outcome_of({"HTTP/1.1 200 OK\r\n\r\n", Then::Repeat, "more"}, kTimeout) == Outcome{Delivered{}});
  CHECK(outcome_of({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Then::Repeat, chunk}, kTimeout) ==
        Outcome{Delivered{}});
  CHECK(unavailable(outcome_of({"HTTP/1.1 500 x\r\n\r\n", Then::Repeat, "more"}, kTimeout)).cause ==
        Cause::ServerError);
  CHECK(std::chrono::steady_clock::now() - start < kLongBeforeTheTimeout);
}

TEST_CASE("a body that says that it is giant is read no further than an endless one") {
  const ScriptedAnswer giant{"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n", Then::Repeat,
                             std::string(4'096, 'x')};

  CHECK(outcome_of(giant, kTimeout) == Outcome{Delivered{}});
}

TEST_CASE("headers and interim answers without an end are given up long before the timeout") {
  const auto start = std::chrono::steady_clock::now();
  const auto headers = unavailable(
      outcome_of({"HTTP/1.1 200 OK\r\n", Then::Repeat, "X: " + std::string(1'000, 'x') + "\r\n"}, kTimeout));
  const auto one_header =
      unavailable(outcome_of({"HTTP/1.1 200 OK\r\nX: ", Then::Repeat, std::string(1'000, 'x')}, kTimeout));
  const auto interim = unavailable(outcome_of({"", Then::Repeat, "HTTP/1.1 103 Early\r\n\r\n"}, kTimeout));

  CHECK(headers.cause == Cause::NoConnection);
  CHECK(holds(headers.why, "does not answer in HTTP"));
  CHECK(one_header.cause == Cause::NoConnection);
  CHECK(interim.cause == Cause::NoConnection);
  CHECK(holds(interim.why, "does not answer in HTTP"));
  CHECK(std::chrono::steady_clock::now() - start < kLongBeforeTheTimeout);
}
