#include "publisher/config.hpp"

#include <chrono>

#include "shared/broker_settings.hpp"
#include "shared/topic.hpp"
#include "shared/units.hpp"
#include "shared/version.hpp"

namespace solar {

namespace {

#ifdef SOLAR_CONFIG_FILE
constexpr const char* kConfigFile = SOLAR_CONFIG_FILE;
#else
constexpr const char* kConfigFile = "";
#endif

Setting name_setting(std::string name, std::string& target, std::string what) {
  return {.name = std::move(name),
          .what = std::move(what),
          .allowed = "1 to 64 bytes of UTF-8",
          .default_text = target,
          .assign = [&target](const std::string& text) -> std::optional<Problem> {
            if (auto problem = check_name(text)) return problem;
            target = text;
            return std::nullopt;
          },
          .example = "Bamenda"};
}

Setting timeout_option(Millis& target) {
  return {.name = "timeout",
          .what = "how long to wait for central's receipt",
          .allowed = "duration, 0s to 1h",
          .default_text = duration_text(target),
          .assign = [&target](const std::string& text) -> std::optional<Problem> {
            const auto parsed = parse_duration(text);
            if (const auto* problem = std::get_if<Problem>(&parsed)) return *problem;
            target = std::min<Millis>(std::get<Millis>(parsed), std::chrono::hours{1});
            return std::nullopt;
          }};
}

void add_outbox_settings(Settings& settings, PublisherConfig& config) {
  using std::chrono::hours;
  using std::chrono::minutes;
  settings.add_text("outbox-path", config.outbox_path, "the outbox's database file", "path");
  settings.add_bytes("outbox-max", config.outbox_max, 256ULL << 10, 1ULL << 40,
                     "largest size of the outbox; full, it refuses new readings and never overwrites old ones");
  settings.add_bytes("disk-reserve", config.disk_reserve, 0, 1ULL << 40,
                     "free disk below which new readings are refused, so that delivered ones can still be removed");
  settings.add_text(
      "source", config.source,
      "where `run` reads from: a file, a FIFO, or - for standard input; one reading a line. A file is read again "
      "from its start by the next run",
      "path or -");
  settings.add_switch("follow", config.follow,
                      "`run` stays after the end of the source, and reads what is appended to it");
  settings.add_text("accepted", config.accepted,
                    "where each line's id is printed once the reading is on the disk: a file or -", "path or -");
  settings.add_duration("receipt-timeout", config.receipt_timeout, Millis{100}, minutes{15},
                        "without a receipt in this time a reading is sent again; doubles to 15min");
  settings.add_count("window-start", config.window_start, 10, 1000, "readings sent without a receipt, at first");
  settings.add_count("window-max", config.window_max, 10, 1000, "readings sent without a receipt, at most");
  settings.add_duration("status-interval", config.status_interval, std::chrono::seconds{1}, hours{24},
                        "the retained status topic is published this often, and on change");
}

}  // namespace

void add_settings(Settings& settings, PublisherConfig& config) {
#ifdef SOLAR_DATA_FOLDER
  config.outbox_path = SOLAR_DATA_FOLDER "outbox.db";
#endif
  settings.add(
      name_setting("village", config.origin.village, "name of the village this gateway speaks for (required)"));
  settings.add(name_setting("device", config.origin.device, "name of this gateway in the village"));
  add_broker_settings(settings, config.broker);
  add_outbox_settings(settings, config);
  settings.add(http_listen_setting(config.http_listen));
  settings.add_choice("log-level", config.log_level, {"DEBUG", "INFO", "WARNING", "ERROR"},
                      "least important line that is logged");
}

CommandLine command_line(const Settings& settings, Millis& send_timeout) {
  const std::pair<std::string, std::string> number{"NUMBER", "as shown by `list`, or `all`"};
  return {.program = "solar-publisher",
          .version = kVersion,
          .about = "Keeps a village's readings on its disk until the central server has them.",
          .commands = {{.name = "run",
                        .what = "take readings from the source and send them, until all is confirmed",
                        .arguments = {},
                        .options = {},
                        .switches = {}},
                       {.name = "send",
                        .what = "send one reading and wait for central's receipt; works beside a running `run`",
                        .arguments = {{"READING", "a JSON object, e.g. '{\"power_kw\":120}'"}},
                        .options = {timeout_option(send_timeout)},
                        .switches = {}},
                       {.name = "status",
                        .what = "the outbox at a glance",
                        .arguments = {},
                        .options = {},
                        .switches = {{"json", "as one JSON object"}}},
                       {.name = "health",
                        .what = "ask the /healthz of a `run` with the same http-listen",
                        .arguments = {},
                        .options = {},
                        .switches = {}},
                       {.name = "refused list",
                        .what = "readings that central says are wrong",
                        .arguments = {},
                        .options = {},
                        .switches = {}},
                       {.name = "refused retry",
                        .what = "send a refused reading again",
                        .arguments = {number},
                        .options = {},
                        .switches = {}},
                       {.name = "refused drop",
                        .what = "delete a refused reading for good",
                        .arguments = {number},
                        .options = {},
                        .switches = {}},
                       {.name = "check",
                        .what = "check the settings, then try the broker",
                        .arguments = {},
                        .options = {},
                        .switches = {{"offline", "only the settings"}}},
                       settings_command()},
          .settings = &settings,
          .footer =
              "A reading is one JSON object with power_kw; village, device, id and measured_at are filled in. A line's "
              "own id "
              "travels as source_id.\n"
              "Exit status: 0 confirmed or done, 1 accepted and kept but not confirmed yet, or not done, 2 wrong "
              "settings or "
              "reading, 75 not accepted (outbox or disk full).",
          .config_file = kConfigFile};
}

}  // namespace solar
