// What a POST looks like, and the key by which central knows a repetition.
#include <zlib.h>

#include <array>
#include <cstdio>
#include <set>

#include "tests/wire/central_wire.hpp"
#include "tests/wire/rigs.hpp"
#include "tests/wire/scripted_broker.hpp"

using namespace solar;
using namespace solar::test;

namespace {

std::string crc_of(const std::string& body) {
  std::array<char, 16> text{};
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  std::snprintf(text.data(), text.size(), "%08lx", crc);
  return text.data();
}

}  // namespace

TEST_CASE("a reading is POSTed byte for byte with its key and nothing that waits for a 100") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(201); }};
  HttpSink sink{sink_options(central.url()), kClock};

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

TEST_CASE("a large reading is POSTed without asking whether it may be") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  HttpSink sink{sink_options(central.url()), kClock};
  const auto large = parcel(1, "{\"x\":\"" + std::string(2'000'000, 'x') + "\"}");  // curl asks above 1 MB

  CHECK(deliver(sink, large) == Outcome{Delivered{}});
  CHECK(central.requests().at(0).header("Expect").empty());
  CHECK(central.requests().at(0).body == large.body);
}

TEST_CASE("the key on the wire is village, device, id and the CRC-32 of the body, quoted") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url()};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  client.deliver("solar/Baf%2Foussam/dach \"süd\"/readings", R"({"power_kw":1,"id":"meter:7"})", 1);

  REQUIRE(eventually([&] { return forwarder.waiting() == 0 && !central.requests().empty(); }));
  const auto request = central.requests().front();
  CHECK(request.header("Idempotency-Key") ==
        "\"Baf%2Foussam/dach %22s%C3%BCd%22/meter:7/" + crc_of(request.body) + "\"");
}

TEST_CASE("a reading without an id gets one of the inbox for its key, and each its own") {
  ScriptedHttp central{[](const ScriptedRequest&) { return http_answer(200); }};
  ScriptedBroker broker;
  ForwarderRig forwarder{broker.url(), central.url()};
  forwarder.start();
  auto client = broker.next_client();
  client.welcome(kForwarderSubscriptions);

  for (std::uint16_t twice = 1; twice <= 2; ++twice) {
    client.deliver("solar/Bamenda/main/readings", R"({"power_kw":1})", twice);
  }

  REQUIRE(eventually([&] { return central.requests().size() == 2; }));
  std::set<std::string> keys;  // two requests may be under way at once, and arrive in any order
  for (const auto& request : central.requests()) keys.insert(request.header("Idempotency-Key"));
  const auto crc = crc_of(central.requests().front().body);
  CHECK(keys == std::set<std::string>{"\"Bamenda/main/00000000000000f0-1/" + crc + "\"",
                                      "\"Bamenda/main/00000000000000f0-2/" + crc + "\""});
}
