#include <array>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "forwarder/http_mapping.hpp"
#include "publisher/line_splitter.hpp"
#include "shared/delivery.hpp"
#include "shared/mqtt_session_url.hpp"
#include "shared/reading.hpp"
#include "shared/settings_file.hpp"
#include "shared/topic.hpp"
#include "shared/units.hpp"
#include "tests/fuzz/targets.hpp"

namespace solar::test {
namespace {

constexpr Millis kWall{1'770'000'000'000};
constexpr std::size_t kLineMaxBytes = 64;
constexpr std::string_view kId = "0123456789abcdef-9223372036854775807";

std::vector<Line> split_at_once(std::string_view bytes) {
  LineSplitter splitter{kLineMaxBytes};
  std::vector<Line> lines = splitter.feed(bytes);
  std::ranges::move(splitter.finish(), std::back_inserter(lines));
  return lines;
}

std::vector<Line> split_in_steps(std::string_view bytes, std::size_t step) {
  LineSplitter splitter{kLineMaxBytes};
  std::vector<Line> lines;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    std::ranges::move(splitter.feed(bytes.substr(0, step)), std::back_inserter(lines));
  }
  std::ranges::move(splitter.finish(), std::back_inserter(lines));
  return lines;
}

void lines(std::string_view bytes) {
  const std::size_t step = 1 + take_choice(bytes);
  const std::vector<Line> whole = split_at_once(bytes);
  promise(whole == split_in_steps(bytes, step), "lines do not depend on how their bytes come");
  for (const Line& line : whole) promise(line.text.size() <= kLineMaxBytes, "a line has a limit");
}

// What a publisher accepts, the forwarder must take: else a reading waits for ever.
void line(std::string_view bytes) {
  const Origin origin{.village = "Bamenda", .device = "main"};
  const auto completed = complete_reading(bytes, origin, kWall);
  const auto* draft = std::get_if<Draft>(&completed);
  if (draft == nullptr) return;
  std::string body = draft->body;
  body.insert(draft->id_at, kId);
  promise(body.size() <= kReadingMaxBytes, "a completed reading has a limit");
  const auto decoded = decode_reading(body, origin.village);
  promise(std::holds_alternative<Reading>(decoded), "the forwarder takes what the publisher accepts");
  promise(std::get<Reading>(decoded).body == body, "the forwarder changes nothing");
  promise(std::get<Reading>(decoded).id == kId, "the id is the outbox's");
}

void settings(std::string_view bytes) {
  const auto parsed = parse_settings(bytes);
  if (const auto* problem = std::get_if<Problem>(&parsed)) {
    promise(to_line(*problem).find('\n') == std::string::npos, "a problem is one line");
  }
  if (const auto duration = parse_duration(bytes); std::holds_alternative<Millis>(duration)) {
    const auto again = parse_duration(duration_text(std::get<Millis>(duration)));
    promise(std::get<Millis>(again) == std::get<Millis>(duration), "a duration's text can be read");
  }
  if (const auto size = parse_bytes(bytes); std::holds_alternative<std::uint64_t>(size)) {
    const auto again = parse_bytes(bytes_text(std::get<std::uint64_t>(size)));
    promise(std::get<std::uint64_t>(again) == std::get<std::uint64_t>(size), "a size's text can be read");
  }
  if (const auto uri = paho_uri(bytes); const auto* text = std::get_if<std::string>(&uri)) {
    constexpr std::array<std::string_view, 4> kSchemes{"tcp://", "ssl://", "ws://", "wss://"};
    promise(std::ranges::any_of(kSchemes, [&](auto scheme) { return text->starts_with(scheme); }),
            "an address has a scheme that Paho knows");
  }
}

// The first two bytes are the status, the next line Retry-After, the rest the answer's body.
void http(std::string_view bytes) {
  const unsigned high = take_choice(bytes);
  const int status = static_cast<int>((high % 6) * 100 + take_choice(bytes) % 100);
  const std::size_t end = bytes.find('\n');
  HttpAnswer answer{.status = status, .retry_after = std::nullopt, .body = bytes};
  if (end != std::string_view::npos) {
    answer.retry_after = bytes.substr(0, end);
    answer.body = bytes.substr(end + 1);
  }
  const Outcome outcome = to_outcome(answer, ApiConflict::Retry, kWall);
  promise(std::holds_alternative<Delivered>(outcome) == (status >= 200 && status < 300), "only 2xx is delivered");
  const bool may_refuse = status == 400 || status == 413 || status == 422;
  promise(std::holds_alternative<Refused>(outcome) == may_refuse, "only three answers refuse");
  if (const auto* refused = std::get_if<Refused>(&outcome)) {
    promise(refused->why.size() <= 4 * kAnswerQuotedMaxBytes + 200, "a reason has a limit");
    const auto as_json = nlohmann::json(refused->why).dump();  // throws where it is not UTF-8
    promise(as_json.find('\n') == std::string::npos, "a reason is one line");
  }
  if (const auto* unavailable = std::get_if<Unavailable>(&outcome); unavailable && unavailable->retry_after) {
    promise(*unavailable->retry_after >= Millis{0}, "nobody waits for the past");
  }
  const Origin origin{.village = std::string{answer.body.substr(0, kNameMaxBytes)}, .device = "main"};
  for (const char letter : idempotency_key(origin, "1", 0)) {
    promise(letter >= ' ' && letter < 0x7F && letter != '"' && letter != '\\', "a key can stand in a header");
  }
}

}  // namespace

std::vector<FuzzTarget> text_targets() {
  return {{"lines", lines}, {"line", line}, {"settings", settings}, {"http", http}};
}

std::vector<FuzzTarget> fuzz_targets() {
  std::vector<FuzzTarget> all = payload_targets();
  std::ranges::move(text_targets(), std::back_inserter(all));
  return all;
}

}  // namespace solar::test
