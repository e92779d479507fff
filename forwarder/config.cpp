#include "forwarder/config.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "shared/broker_settings.hpp"
#include "shared/checksum.hpp"
#include "shared/row_id.hpp"
#include "shared/tls_files.hpp"
#include "shared/version.hpp"

namespace solar {

namespace {

#ifdef SOLAR_CONFIG_FILE
constexpr const char* kConfigFile = SOLAR_CONFIG_FILE;
#else
constexpr const char* kConfigFile = "";
#endif

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "solar-forwarder";
  return name.data();
}

std::optional<Problem> assign_api_url(const std::string& text, std::string& url) {
  if (auto problem = central_url_problem(text)) return problem;
  url = text;
  return std::nullopt;
}

void add_central_settings(Settings& settings, ForwarderConfig& config) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  settings.add({.name = "api-url",
                .what = "where readings are POSTed to",
                .allowed = "http:// or https:// URL",
                .default_text = config.api_url,
                .assign = [&config](const std::string& text) { return assign_api_url(text, config.api_url); }});
  settings.add_file(
      "api-token-file", config.api_token_file,
      "file that holds the bearer token; read again when it changes; only with https://, or to this machine", "path");
  settings.add_file("api-ca-file", config.api_ca_file,
                    "CAs that central's certificate is checked against; empty: the system's", "path, PEM");
  settings.add_file("api-certificate-file", config.api_certificate_file, "client certificate for central", "path, PEM");
  settings.add_file("api-key-file", config.api_key_file, "private key of the client certificate", "path, PEM");
  settings.add_choice("api-conflict", config.api_conflict, {"retry", "stored"},
                      "what central's 409 means: the first request may still run, or it has the reading");
  settings.add_duration("request-timeout", config.request_timeout, Millis{100}, minutes{10},
                        "how long one POST may take");
  settings.add_count("retry-attempts", config.retry.attempts, 1, 100, "tries in one round, then the reading rests");
  settings.add_duration("retry-interval", config.retry.interval, Millis{0}, hours{1}, "between two tries of a round");
  settings.add_duration("rest-first", config.retry.rest_first, Millis{100}, minutes{15},
                        "rest after a failed round; doubles to 15min, never given up");
  settings.add_duration("knock-interval", config.knock_interval, Millis{100}, minutes{15},
                        "while central is away: one try per this");
  settings.add_count("window-max", config.window_max, 1, 1000, "most requests open at central at once");
}

void add_inbox_settings(Settings& settings, ForwarderConfig& config) {
  using std::chrono::hours;
  settings.add_text("inbox-path", config.inbox_path, "the inbox's database file", "path");
  settings.add_bytes("inbox-max", config.inbox_max, 1ULL << 20, 1ULL << 40, "largest size of the inbox");
  settings.add_bytes("dead-letters-max", config.dead_letters_max, 64ULL << 10, 1ULL << 30,
                     "kept of what could not be read as a reading; the newest win");
  settings.add_choice("synchronous", config.synchronous, {"NORMAL", "FULL"},
                      "NORMAL: the inbox survives any death of the process; FULL: also a power cut");
  settings.add_duration("receipt-interval", config.receipt_interval, Millis{0}, hours{1},
                        "receipts are gathered this long per device, or until 100");
  settings.add_duration("drain-timeout", config.drain_timeout, Millis{0}, hours{24},
                        "on SIGTERM: how long to go on delivering readings that their gateways keep");
  settings.add_duration("drain-plain-timeout", config.drain_plain_timeout, Millis{0}, hours{24},
                        "on SIGTERM: the same while readings without an id wait, which nobody sends again");
}

}  // namespace

HttpSinkOptions http_options(const ForwarderConfig& config) {
  return {.url = config.api_url,
          .request_timeout = config.request_timeout,
          .token_file = config.api_token_file,
          .ca_file = config.api_ca_file,
          .certificate_file = config.api_certificate_file,
          .key_file = config.api_key_file,
          .api_conflict = config.api_conflict == "stored" ? ApiConflict::Stored : ApiConflict::Retry,
          .max_open = config.window_max};
}

void add_settings(Settings& settings, ForwarderConfig& config) {
  config.broker.session_expiry = std::chrono::minutes{5};
  config.broker.reconnect_spread = Millis{0};
#ifdef SOLAR_DATA_FOLDER
  // The inbox is on a disk that stays. So nothing needs to wait for central before the program ends, the broker keeps
  // what comes until it runs again, and a power cut takes nothing.
  config.inbox_path = SOLAR_DATA_FOLDER "inbox.db";
  config.drain_plain_timeout = config.drain_timeout;
  config.broker.session_expiry = std::chrono::hours{7 * 24};
  config.synchronous = "FULL";
#endif
  add_broker_settings(settings, config.broker);
  settings.add_text("client-id", config.broker.client_id,
                    "client id at the broker: unique, the same after a restart, not to be guessed; empty: the host's "
                    "name and random bits that are kept in the inbox",
                    "text");
  settings.add_text("group", config.group,
                    "name of the shared subscription; forwarders with the same name share the load");
  add_central_settings(settings, config);
  add_inbox_settings(settings, config);
  settings.add(http_listen_setting(config.http_listen));
  settings.add_choice("log-level", config.log_level, {"DEBUG", "INFO", "WARNING", "ERROR"},
                      "least important line that is logged");
}

std::string shown_group(const std::string& group) {
  if (group == ForwarderConfig{}.group) return group;
  std::array<char, 24> number{};
  std::snprintf(number.data(), number.size(), "(secret %08x)", static_cast<unsigned>(checksum(group)));
  return number.data();
}

std::string client_id(const ForwarderConfig& config, std::uint64_t bits) {
  return config.broker.client_id.empty() ? host_name() + "-" + token_text(bits) : config.broker.client_id;
}

std::string shown_client_id(const std::string& client_id) {
  constexpr std::size_t kSecretFrom = 16;
  const std::size_t word = client_id.rfind('-') + 1;  // npos + 1 is 0
  if (word == 0 || client_id.size() - word < kSecretFrom) return client_id;
  return client_id.substr(0, word) + "(secret)";
}

std::optional<Problem> settings_problem(const ForwarderConfig& config) {
  if (auto problem = broker_settings_problem(config.broker)) return problem;
  return tls_settings_problem(
      {.ca = config.api_ca_file, .certificate = config.api_certificate_file, .key = config.api_key_file},
      config.api_token_file.empty() ? "" : "token-file", "api-", config.api_url);
}

CommandLine command_line(const Settings& settings) {
  const std::pair<std::string, std::string> number{"NUMBER", "as shown by `list`, or `all`"};
  return {.program = "solar-forwarder",
          .version = kVersion,
          .about = "Takes readings from the broker into its inbox, POSTs each to central, and tells the gateways.",
          .commands = {{.name = "run",
                        .what = "take and deliver readings until SIGTERM",
                        .arguments = {},
                        .options = {},
                        .switches = {}},
                       {.name = "check",
                        .what = "check the settings, then try the broker and central",
                        .arguments = {},
                        .options = {},
                        .switches = {{"offline", "only the settings"}}},
                       {.name = "health",
                        .what = "ask the /healthz of a `run` with the same http-listen",
                        .arguments = {},
                        .options = {},
                        .switches = {}},
                       {.name = "dead-letters list",
                        .what = "what could not be read as a reading, and what central refused",
                        .arguments = {},
                        .options = {},
                        .switches = {}},
                       {.name = "dead-letters replay",
                        .what = "try a dead letter again",
                        .arguments = {number},
                        .options = {},
                        .switches = {}},
                       {.name = "dead-letters drop",
                        .what = "delete a dead letter for good",
                        .arguments = {number},
                        .options = {},
                        .switches = {}},
                       {.name = "status",
                        .what = "the inbox at a glance",
                        .arguments = {},
                        .options = {},
                        .switches = {{"json", "as one JSON object"}}},
                       settings_command()},
          .settings = &settings,
          .footer =
              "Exit status: 0 done, 1 not done, 2 wrong settings, 75 try again (disk or database; a supervisor "
              "restarts it).",
          .config_file = kConfigFile};
}

}  // namespace solar
