#include "forwarder/commands.hpp"

#include <cstdio>
#include <string>

#include "forwarder/admin.hpp"
#include "forwarder/condition.hpp"
#include "forwarder/relay.hpp"
#include "shared/aside_desk.hpp"
#include "shared/broker_check.hpp"
#include "shared/database_failure.hpp"
#include "shared/file_owner.hpp"
#include "shared/http_client.hpp"
#include "shared/log.hpp"
#include "shared/metrics.hpp"
#include "shared/owner.hpp"
#include "shared/random_bits.hpp"
#include "shared/service.hpp"
#include "shared/service_manager.hpp"
#include "shared/status_pages.hpp"
#include "shared/topic.hpp"
#include "shared/url_user.hpp"

namespace solar {

namespace {

constexpr std::size_t kRemovalsKept = 64;
constexpr std::uint32_t kCacheKib = 3072;
constexpr std::uint32_t kCheckpointPages = 8000;  // 8 MiB of WAL: fewer fsyncs in the broker's callback

QueueOptions queue_options(const ForwarderConfig& config) {
  return {.path = config.inbox_path,
          .synchronous_full = config.synchronous == "FULL",
          .max_bytes = config.inbox_max,
          .unreadable_max_bytes = config.dead_letters_max,
          .removals_kept = kRemovalsKept,
          .cache_kib = kCacheKib,
          .checkpoint_pages = kCheckpointPages,
          .token = random_bits()};
}

int run(ForwarderConfig config) {
  const auto lock = InstanceLock::acquire(config.inbox_path, kOwnerLeaving);
  if (const auto* pid = std::get_if<pid_t>(&lock)) {
    log::error("another forwarder owns this inbox; give each its own --inbox-path",
               {{"inbox", config.inbox_path}, {"pid", *pid}});
    return 1;
  }
  const auto listening = listen_for_status(config.http_listen);
  if (const int* status = std::get_if<int>(&listening)) return *status;
  const SystemClock clock;
  Queue queue{queue_options(config)};
  config.broker.client_id = client_id(config, queue.kept_bits(random_bits()));
  const QueueStats stats = queue.stats(clock.now().wall);
  log::info("inbox opened", {{"file", config.inbox_path}, {"waiting", stats.waiting}, {"refused", stats.refused}});
  Relay relay{config, queue, clock};
  const StopSignal stop_signal{[&relay] {
    tell_service_manager("STOPPING=1");
    relay.stop();
  }};
  const ControlServer control{socket_path(config.inbox_path), [&](std::string_view request, const auto& write_line) {
                                answer_or_end(config.inbox_path, write_line,
                                              [&] { answer_command(queue, clock, &relay, request, write_line); });
                              }};
  const StatusPages pages{.heartbeat = relay.heartbeat(),
                          .clock = clock,
                          .not_ready = [&relay] { return not_ready(relay.snapshot()); },
                          .metrics =
                              [&, started = StartTime{clock.now()}]() mutable {
                                const Now now = clock.now();
                                return metrics_text(relay, config, now, started.wall(now));
                              }};
  const StatusServer status_server{std::get<std::optional<HttpListener>>(listening), pages};
  const Supervision supervision{relay.heartbeat(), clock};
  relay.run();
  return 0;
}

int ask_and_print(const ForwarderConfig& config, const std::string& request, bool json) {
  const SystemClock clock;
  bool failed = false;
  const auto answer = [&clock](Queue& queue, std::string_view line, const ControlServer::WriteLine& write_line) {
    answer_command(queue, clock, nullptr, line, write_line);
  };
  const bool status = request.find("\"status\"") != std::string::npos;
  const auto problem = ask(queue_options(config), request, answer, [&](std::string_view line) {
    failed = failed || aside_failed(line);
    const std::string text = json     ? std::string{line} + "\n"
                             : status ? inbox_status_text(line)
                                      : aside_text(line) + "\n";
    if (text != "\n") std::fputs(text.c_str(), stdout);
  });
  if (problem) std::fprintf(stderr, "solar-forwarder: %s\n", to_line(*problem).c_str());
  return problem || failed ? 1 : 0;
}

/// Central must refuse an empty object; whatever else it answers tells what is set up wrong.
int check_central(const ForwarderConfig& config) {
  const SystemClock clock;
  HttpSink sink{http_options(config), clock};
  const std::string body = "{}";
  const Parcel parcel{
      .row = {}, .origin = {.village = "check", .device = "check"}, .id = "check", .body = body, .crc = 0};
  sink.send({&parcel, 1});
  std::vector<Completion> completions;
  while (completions.empty()) completions = sink.poll(config.request_timeout);
  const Outcome& outcome = completions.front().outcome;
  const auto url = shortened_url(config.api_url);
  if (std::holds_alternative<Refused>(outcome)) {
    std::printf("central  ok      %s answers, and refuses an empty reading as it should\n", url.c_str());
    return 0;
  }
  if (std::holds_alternative<Delivered>(outcome)) {
    std::printf("central  strange %s answers 2xx to an empty object: it must answer 400\n", url.c_str());
    return 1;
  }
  std::printf("central  FAILED  %s: %s\n", url.c_str(), std::get<Unavailable>(outcome).why.c_str());
  return 1;
}

int check(const ForwarderConfig& config, bool offline) {
  const std::string shown_id = shown_client_id(client_id(config, 0));  // another's inbox is not opened for its bits
  std::printf("settings ok      group=%s client-id=%s inbox=%s\n", shown_group(config.group).c_str(), shown_id.c_str(),
              config.inbox_path.c_str());
  if (offline) return 0;
  MqttOptions broker = config.broker;
  broker.client_id = shown_id + "-check";
  broker.session_expiry = Millis{0};
  broker.filters = {marker_topic(broker.client_id)};
  const int broker_status = check_broker(broker);
  return check_central(config) + broker_status > 0 ? 1 : 0;
}

int dead_letters(const Invocation& invocation, const ForwarderConfig& config, const std::string& action) {
  std::int64_t number = 0;
  if (!invocation.arguments.empty()) {
    const auto parsed = parse_aside_number(invocation.arguments.front());
    if (const auto* problem = std::get_if<Problem>(&parsed)) {
      std::fprintf(stderr, "solar-forwarder: %s\n", to_line(*problem).c_str());
      return 2;
    }
    number = std::get<std::int64_t>(parsed);
  }
  return ask_and_print(config, aside_request(action, number), false);
}

}  // namespace

int run_command(const Invocation& invocation, const ForwarderConfig& config) {
  if (const auto problem = settings_problem(config)) {
    std::fprintf(stderr, "solar-forwarder: %s\n", to_line(*problem).c_str());
    return 2;
  }
  try {
    if (invocation.command == "check") return check(config, !invocation.switches.empty());
    if (invocation.command == "health") return tell_health("solar-forwarder", config.http_listen);
    make_files_as_owner_of(config.inbox_path);
    if (invocation.command == "run") return run(config);
    if (invocation.command == "status") {
      return ask_and_print(config, R"({"command":"status"})", !invocation.switches.empty());
    }
    if (invocation.command == "dead-letters list") return dead_letters(invocation, config, "list");
    if (invocation.command == "dead-letters replay") return dead_letters(invocation, config, "retry");
    return dead_letters(invocation, config, "drop");
  } catch (const SqliteError& error) {
    end_process(error, config.inbox_path);
  } catch (const std::exception& error) {
    log::error("ending", {{"error", error.what()}});
    return kExitTryAgain;
  }
}

}  // namespace solar
