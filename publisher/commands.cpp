#include "publisher/commands.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "publisher/condition.hpp"
#include "publisher/line_source.hpp"
#include "publisher/station.hpp"
#include "publisher/status.hpp"
#include "shared/aside_desk.hpp"
#include "shared/broker_check.hpp"
#include "shared/broker_settings.hpp"
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

namespace solar {

namespace {

constexpr Millis kAcceptancePatience{30'000};  // a slow card, and others before us
constexpr Millis kOwnerStarting{100};          // between the lock and the socket of a process that starts or ends
constexpr int kOwnerTries = 30;

QueueOptions queue_options(const PublisherConfig& config) {
  return {.path = config.outbox_path,
          .synchronous_full = true,
          .max_bytes = config.outbox_max,
          .disk_reserve_bytes = config.disk_reserve,
          .token = random_bits()};
}

int complain(const Problem& problem, int status) {
  std::fprintf(stderr, "solar-publisher: %s\n", to_line(problem).c_str());
  return status;
}

/// Reads the source on a thread of its own; true once it has ended.
class Reader {
 public:
  Reader(const PublisherConfig& config, Station& station)
      : station_{station},
        accepted_{config.accepted},
        source_{config.source, config.follow},
        thread_{[this, path = config.outbox_path] { read(path); }} {}
  ~Reader() {
    source_.interrupt();
    station_.acceptance().stop();
    thread_.join();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void read(const std::string& outbox_path) {
    try {
      station_.acceptance().accept_all(source_, accepted_);
    } catch (const SqliteError& error) {
      end_process(error, outbox_path);
    } catch (const std::exception& error) {
      log::error("the source ended", {{"error", error.what()}});
      failed_ = true;
    }
    ended_ = true;
    station_.uplink().wake();
  }

  Station& station_;
  AcceptedList accepted_;
  LineSource source_;
  std::atomic<bool> ended_{};
  std::atomic<bool> failed_{};
  std::thread thread_;
};

StatusPages status_pages(Station& station, const Clock& clock) {
  return {.heartbeat = station.uplink().heartbeat(),
          .clock = clock,
          .not_ready = [&station] { return not_ready(station.uplink().snapshot(), station.acceptance().full()); },
          .metrics =
              [&, started = StartTime{clock.now()}]() mutable {
                const Now now = clock.now();
                return metrics_text(station, now, started.wall(now));
              }};
}

int run(const PublisherConfig& config) {
  const auto lock = InstanceLock::acquire(config.outbox_path, kOwnerLeaving);
  if (const auto* pid = std::get_if<pid_t>(&lock)) {
    log::error("another publisher owns this outbox; use `send` beside it, or another --outbox-path",
               {{"outbox", config.outbox_path}, {"pid", *pid}});
    return 1;
  }
  const auto listening = listen_for_status(config.http_listen);
  // Readings are collected even where nobody can be told how that goes.
  if (const int* status = std::get_if<int>(&listening); status != nullptr && *status != kExitTryAgain) return *status;
  const SystemClock clock;
  Queue queue{queue_options(config)};
  const QueueStats before = queue.stats(clock.now().wall);
  log::info("outbox opened", {{"file", config.outbox_path}, {"waiting", before.waiting}, {"refused", before.refused}});
  Station station{config, queue, clock};
  const StopSignal stop_signal{[&station] {
    tell_service_manager("STOPPING=1");
    station.uplink().stop();
  }};
  station.serve();
  const StatusPages pages = status_pages(station, clock);
  const std::optional<HttpListener> nobody_listens;
  const auto* const listener = std::get_if<std::optional<HttpListener>>(&listening);
  const StatusServer status_server{listener != nullptr ? *listener : nobody_listens, pages};
  const Reader reader{config, station};
  const Supervision supervision{station.uplink().heartbeat(), clock};
  station.uplink().run([&] {
    const bool at_end = reader.ended() && (!config.follow || reader.failed());
    return at_end && station.waiters().count() == 0 && queue.is_empty();
  });
  const QueueStats after = queue.stats(clock.now().wall);
  log::info("stopped", {{"accepted", station.acceptance().accepted()},
                        {"bad_lines", station.acceptance().bad_lines()},
                        {"confirmed", station.uplink().snapshot().courier.delivered},
                        {"waiting", after.waiting},
                        {"refused", after.refused}});
  return reader.failed() ? 1 : 0;
}

int report(const SendVerdict& verdict) {
  std::fprintf(verdict.status == 0 ? stdout : stderr, "%s\n", verdict.text.c_str());
  return verdict.status;
}

int send_through(ControlClient& owner, const std::string& reading, Millis timeout) {
  SendVerdict verdict{
      .final = false, .status = kExitTryAgain, .text = "the running publisher took no request; nothing was accepted"};
  if (owner.write_line(send_request(reading, timeout))) {
    verdict.status = 1;
    verdict.text = "no answer from the running publisher: the reading may have been accepted; see its log";
    bool heard = false;
    while (!verdict.final) {
      const auto line = owner.read_line(heard ? timeout + kAcceptancePatience : kAcceptancePatience);
      heard = true;
      if (!line) break;
      verdict = send_verdict(*line);
    }
  }
  return report(verdict);
}

/// Nobody runs: be the publisher for as long as it takes.
int send_alone(const PublisherConfig& config, const std::string& reading, Millis timeout) {
  const SystemClock clock;
  Queue queue{queue_options(config)};
  Station station{config, queue, clock};
  const StopSignal stop_signal{[&station] {
    station.waiters().stop();
    station.uplink().stop();
  }};
  station.serve();
  SendVerdict verdict;
  std::atomic<bool> answered{false};
  std::thread asking{[&] {
    try {
      const Desk desk{.queue = queue,
                      .clock = clock,
                      .origin = config.origin,
                      .acceptance = &station.acceptance(),
                      .waiters = &station.waiters(),
                      .uplink = &station.uplink()};
      desk.answer(send_request(reading, timeout), [&](std::string_view line) {
        verdict = send_verdict(line);
        return true;
      });
    } catch (const SqliteError& error) {
      end_process(error, config.outbox_path);
    }
    answered = true;
    station.uplink().wake();
  }};
  try {
    station.uplink().run([&] { return answered && station.waiters().count() == 0; });
  } catch (...) {
    station.waiters().stop();
    asking.join();
    throw;
  }
  asking.join();
  return report(verdict);
}

int send(const PublisherConfig& config, const std::string& reading, Millis timeout) {
  for (int tries = 0; tries < kOwnerTries; ++tries) {
    if (auto owner = ControlClient::connect(socket_path(config.outbox_path))) {
      return send_through(*owner, reading, timeout);
    }
    const auto lock = InstanceLock::acquire(config.outbox_path);
    if (std::holds_alternative<InstanceLock>(lock)) return send_alone(config, reading, timeout);
    std::this_thread::sleep_for(kOwnerStarting);
  }
  return complain({.what = "another process owns the outbox and does not answer; nothing was accepted",
                   .value = config.outbox_path,
                   .advice = "see its log"},
                  kExitTryAgain);
}

int ask_and_print(const PublisherConfig& config, const std::string& request,
                  const std::function<std::string(std::string_view)>& text_of) {
  const SystemClock clock;
  bool failed = false;
  const auto answer = [&](Queue& queue, std::string_view line, const ControlServer::WriteLine& write_line) {
    const Desk desk{.queue = queue, .clock = clock, .origin = config.origin};
    desk.answer(line, write_line);
  };
  const auto problem = ask(queue_options(config), request, answer, [&](std::string_view line) {
    failed = failed || aside_failed(line);
    const std::string text = text_of(line);
    if (!text.empty()) std::fputs(text.c_str(), stdout);
  });
  if (problem) return complain(*problem, 1);
  return failed ? 1 : 0;
}

int refused(const PublisherConfig& config, const std::string& action, const std::vector<std::string>& arguments) {
  std::int64_t number = 0;
  if (!arguments.empty()) {
    const auto parsed = parse_aside_number(arguments.front());
    if (const auto* problem = std::get_if<Problem>(&parsed)) return complain(*problem, 2);
    number = std::get<std::int64_t>(parsed);
  }
  return ask_and_print(config, aside_request(action, number), [](std::string_view line) {
    const std::string text = aside_text(line);
    return text.empty() ? text : text + "\n";
  });
}

int check(const PublisherConfig& config, bool offline) {
  std::printf("settings ok      village=%s device=%s outbox=%s\n", config.origin.village.c_str(),
              config.origin.device.c_str(), config.outbox_path.c_str());
  if (offline) return 0;
  MqttOptions broker = config.broker;
  broker.client_id = encode_level(config.origin.village) + "-" + encode_level(config.origin.device) + "-check";
  broker.session_expiry = Millis{0};
  broker.filters = {to_string(Topic{.origin = config.origin, .channel = Channel::Receipts})};
  return check_broker(broker);
}

int dispatch(const Invocation& invocation, const PublisherConfig& config, Millis send_timeout) {
  const std::string& command = invocation.command;
  if (const auto problem = broker_settings_problem(config.broker)) return complain(*problem, 2);
  if (command == "check") return check(config, !invocation.switches.empty());
  if (command == "health") return tell_health("solar-publisher", config.http_listen);
  make_files_as_owner_of(config.outbox_path);
  if (command == "run") return run(config);
  if (command == "send") return send(config, invocation.arguments.front(), send_timeout);
  if (command == "status") {
    const bool json = !invocation.switches.empty();
    return ask_and_print(config, R"({"command":"status"})",
                         [json](std::string_view line) { return json ? std::string{line} + "\n" : status_text(line); });
  }
  if (command == "refused list") return refused(config, "list", {});
  return refused(config, command == "refused retry" ? "retry" : "drop", invocation.arguments);
}

}  // namespace

int run_command(const Invocation& invocation, const PublisherConfig& config, Millis send_timeout) {
  const bool speaks = invocation.command == "run" || invocation.command == "send" || invocation.command == "check";
  if (speaks && config.origin.village.empty()) {
    return complain({.what = "VILLAGE is not set",
                     .value = {},
                     .advice = "give --village NAME, VILLAGE, or village in the TOML file"},
                    2);
  }
  try {
    return dispatch(invocation, config, send_timeout);
  } catch (const SqliteError& error) {
    end_process(error, config.outbox_path);
  } catch (const std::exception& error) {
    log::error("ending", {{"error", error.what()}});
    return kExitTryAgain;
  }
}

}  // namespace solar
