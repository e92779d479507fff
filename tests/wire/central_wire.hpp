// A reading on its way to a scripted central.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "forwarder/http_sink.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/support/wait.hpp"

namespace solar::test {

inline const SystemClock kClock;

inline Parcel parcel(std::int64_t seq, std::string body = R"({"village":"Bamenda","power_kw":120})") {
  Parcel p;
  p.row = {0x0123456789abcdef, seq};
  p.origin = {"Bamenda", "main"};
  p.body = std::move(body);
  p.crc = 0xC0FFEE;
  return p;
}

inline HttpSinkOptions sink_options(std::string url, Millis timeout = Millis{30'000}) {
  HttpSinkOptions options;
  options.url = std::move(url);
  options.request_timeout = timeout;
  return options;
}

inline std::vector<Completion> completions(solar::HttpSink& sink, std::size_t count) {
  std::vector<Completion> all;
  const auto arrived = [&] {
    for (auto& c : sink.poll(Millis{50})) all.push_back(std::move(c));
    return all.size() >= count;
  };
  CHECK(eventually(arrived, 2 * kPatience, std::chrono::milliseconds{0}));
  return all;
}

inline Outcome deliver(solar::HttpSink& sink, const Parcel& what = parcel(1)) {
  sink.send({&what, 1});
  const auto all = completions(sink, 1);
  REQUIRE(all.size() == 1);
  CHECK(all.front().row == what.row);
  return all.front().outcome;
}

/// What becomes of a reading when central does `answer`.
inline Outcome outcome_of(const ScriptedAnswer& answer, Millis timeout = Millis{30'000}) {
  ScriptedHttp central{[&](const ScriptedRequest&) { return answer; }};
  solar::HttpSink sink{sink_options(central.url(), timeout), kClock};
  return deliver(sink);
}

inline Unavailable unavailable(const Outcome& outcome) {
  REQUIRE(std::holds_alternative<Unavailable>(outcome));
  return std::get<Unavailable>(outcome);
}

inline bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace solar::test
