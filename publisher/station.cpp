#include "publisher/station.hpp"

#include <nlohmann/json.hpp>

#include "publisher/status.hpp"
#include "shared/aside_desk.hpp"
#include "shared/database_failure.hpp"
#include "shared/overload.hpp"
#include "shared/owner.hpp"

namespace solar {

using nlohmann::json;

namespace {

constexpr Millis kLongestWait{3'600'000};

std::string dumped(const json& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace); }

void answer_send(const Desk& desk, const json& asked, const ControlServer::WriteLine& write_line) {
  if (desk.acceptance == nullptr) {
    write_line(dumped({{"error", "nobody runs here"}, {"status", kExitTryAgain}}));
    return;
  }
  // Whatever can be wrong with the request is found before the reading is accepted.
  const std::string reading = asked.value("reading", "");
  const Millis wait = std::clamp(Millis{asked.value("wait_ms", std::int64_t{0})}, Millis{0}, kLongestWait);
  const auto result = desk.waiters->watch([&] { return desk.acceptance->accept(reading); });
  if (const auto* problem = std::get_if<Problem>(&result)) {
    write_line(dumped({{"error", to_line(*problem)}, {"status", 2}}));
    return;
  }
  if (const auto* full = std::get_if<QueueFull>(&result)) {
    write_line(dumped({{"error", "not accepted: " + full->why}, {"status", kExitTryAgain}}));
    return;
  }
  const auto& watch = std::get<Waiters::Watch>(result);
  const std::string id = to_string(watch.row());
  write_line(dumped({{"accepted", id}}));
  const auto settled = watch.await(wait);
  if (!settled) {
    write_line(dumped({{"kept", id}}));
  } else if (settled->refused) {
    write_line(dumped({{"refused", *settled->refused}, {"id", id}}));
  } else {
    write_line(dumped({{"confirmed", id}}));
  }
}

}  // namespace

void Desk::answer(std::string_view request, const ControlServer::WriteLine& write_line) const {
  const json asked = json::parse(request, nullptr, false);
  const std::string command = asked.is_object() ? asked.value("command", "") : "";
  if (command == "send") {
    answer_send(*this, asked, write_line);
  } else if (command == "status") {
    const auto snapshot = uplink != nullptr ? std::optional{uplink->snapshot()} : std::nullopt;
    write_line(status_answer(queue, origin, snapshot ? &*snapshot : nullptr, clock.now().wall));
  } else if (command == "aside") {
    const AsideDesk desk{.kinds = {AsideKind::Refused, AsideKind::Quarantined}, .replay = {}};
    desk.answer(queue, asked.value("action", ""), asked.value("number", std::int64_t{0}), write_line);
    if (uplink != nullptr) uplink->wake();
  } else {
    write_line(dumped({{"error", "unknown command; the two programs are of different versions"}, {"status", 1}}));
  }
}

std::string send_request(std::string_view reading, Millis wait) {
  return dumped({{"command", "send"}, {"reading", reading}, {"wait_ms", wait.count()}});
}

SendVerdict send_verdict(std::string_view line) {
  const json answer = json::parse(line, nullptr, false);
  if (!answer.is_object()) return {.final = true, .status = 1, .text = "answer not understood"};
  if (answer.contains("accepted")) {
    return {.final = false,
            .status = 1,
            .text = "accepted and kept, not yet confirmed: id=" + answer.value("accepted", "")};
  }
  if (answer.contains("confirmed")) {
    return {.final = true, .status = 0, .text = "Sync successful id=" + answer.value("confirmed", "")};
  }
  if (answer.contains("refused")) {
    return {.final = true,
            .status = 1,
            .text = "central refused the reading, kept aside (see `refused list`): " + answer.value("refused", "") +
                    " id=" + answer.value("id", "")};
  }
  if (answer.contains("kept")) {
    return {.final = true,
            .status = 1,
            .text = "accepted and kept, not yet confirmed; it goes with the next run: id=" + answer.value("kept", "")};
  }
  return {.final = true, .status = answer.value("status", 1), .text = answer.value("error", "")};
}

Station::Station(const PublisherConfig& config, Queue& queue, const Clock& clock)
    : uplink_{config, queue, clock, [this](std::span<const Settled> readings) { waiters_.settled(readings); }},
      acceptance_{queue, clock, config.origin, [this] { uplink_.wake(); }},
      desk_{.queue = queue,
            .clock = clock,
            .origin = config.origin,
            .acceptance = &acceptance_,
            .waiters = &waiters_,
            .uplink = &uplink_},
      database_{config.outbox_path} {}

void Station::serve() {
  control_.emplace(socket_path(database_),
                   [this](std::string_view request, const ControlServer::WriteLine& write_line) {
                     answer_or_end(database_, write_line, [&] { desk_.answer(request, write_line); });
                   });
}

Station::~Station() { waiters_.stop(); }

}  // namespace solar
