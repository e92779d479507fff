#include "tests/support/fixtures.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace solar::test {
namespace {

namespace fs = std::filesystem;

// Timers of seconds where the programs have minutes: a test must see them pass. And no port: many run at once.
const Flags kPublisherTimers{"--reconnect-spread", "0s", "--receipt-timeout", "1s", "--log-level", "DEBUG"};
const Flags kForwarderTimers{"--reconnect-spread", "0s",    "--receipt-interval", "100ms", "--retry-interval",  "200ms",
                             "--rest-first",       "500ms", "--knock-interval",   "300ms", "--request-timeout", "5s",
                             "--log-level",        "DEBUG", "--http-listen",      "off"};

Flags joined(Flags first, const Flags& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// Flags given twice would be an error: the later one wins, its name and value together.
Flags last_wins(const Flags& flags) {
  Flags kept;
  for (std::size_t i = 0; i + 1 < flags.size(); i += 2) {
    bool again = false;
    for (std::size_t j = i + 2; j + 1 < flags.size(); j += 2) again = again || flags[j] == flags[i];
    if (!again) kept.insert(kept.end(), {flags[i], flags[i + 1]});
  }
  return kept;
}

Command wrapped(const Flags& wrapper, Command command) {
  if (wrapper.empty()) return command;
  command.arguments.insert(command.arguments.begin(), command.program.string());
  command.arguments.insert(command.arguments.begin(), wrapper.begin() + 1, wrapper.end());
  command.program = wrapper.front();
  return command;
}

// A command that finds nobody running opens the database itself, and may have something to say about it.
std::string status_field(const Finished& status, const fs::path& log, const std::string& field) {
  std::ofstream{log, std::ios::app} << status.log;
  return json_field(status.output, field);
}

std::vector<std::string> whole_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text.substr(0, text.rfind('\n') + 1)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Publisher::Publisher(fs::path folder, Options options) : folder_{std::move(folder)}, options_{std::move(options)} {
  fs::create_directories(folder_);
}

Flags Publisher::common_flags() const {
  return last_wins(joined(joined({"--broker-url", options_.broker_url, "--village", options_.village, "--device",
                                  options_.device, "--outbox-path", outbox().string()},
                                 kPublisherTimers),
                          options_.extra));
}

void Publisher::start() {
  Flags arguments = joined({"run"}, common_flags());
  arguments = joined(arguments, {"--accepted", "-"});
  if (options_.follow) arguments.emplace_back("--follow");
  fs::create_directories(outbox().parent_path());
  process_.emplace(
      wrapped(options_.wrapper, {sibling("solar-publisher"), arguments, options_.environment, options_.standard_input}),
      folder_ / "publisher.log");
}

void Publisher::feed(std::string_view line) { process_->write(std::string{line} + "\n"); }

void Publisher::feed_numbers(int first, int count) {
  std::string lines;
  for (int n = first; n < first + count; ++n) {
    lines += R"({"power_kw":)" + std::to_string(n % 100) + R"(,"n":)" + std::to_string(n) + "}\n";
  }
  process_->write(lines);
}

std::vector<std::string> Publisher::accepted() const { return whole_lines(read_file(folder_ / "publisher.log.out")); }

bool Publisher::accepts(std::size_t count, std::chrono::milliseconds patience) const {
  return eventually([&] { return accepted().size() >= count; }, patience);
}

Finished Publisher::command(Flags words, std::chrono::milliseconds patience) const {
  return run({sibling("solar-publisher"), joined(std::move(words), common_flags()), {}}, patience);
}

std::string Publisher::status(const std::string& field) const {
  return status_field(command({"status", "--json"}), folder_ / "publisher.log", field);
}

Forwarder::Forwarder(fs::path folder, Options options) : folder_{std::move(folder)}, options_{std::move(options)} {
  fs::create_directories(folder_);
}

Flags Forwarder::common_flags() const {
  return last_wins(joined(joined({"--broker-url", options_.broker_url, "--api-url", options_.api_url, "--client-id",
                                  options_.client_id, "--inbox-path", inbox().string()},
                                 kForwarderTimers),
                          options_.extra));
}

void Forwarder::start_without_waiting() {
  fs::create_directories(inbox().parent_path());
  const Command command{sibling("solar-forwarder"), joined({"run"}, common_flags()), options_.environment};
  process_.emplace(wrapped(options_.wrapper, command), folder_ / "forwarder.log");
}

void Forwarder::start() {
  const std::size_t lines_before = read_file(folder_ / "forwarder.log").size();
  start_without_waiting();
  const auto subscribed_or_gone = [&] {
    return read_file(folder_ / "forwarder.log").find("connected", lines_before) != std::string::npos ||
           !process_->running();
  };
  if (!eventually(subscribed_or_gone) || !process_->running())
    throw std::runtime_error{"the forwarder does not start: " + process_->log()};
}

Finished Forwarder::command(Flags words) const {
  return run({sibling("solar-forwarder"), joined(std::move(words), common_flags()), {}});
}

std::string Forwarder::status(const std::string& field) const {
  return status_field(command({"status", "--json"}), folder_ / "forwarder.log", field);
}

std::string json_field(const std::string& object, const std::string& name) {
  const auto json = nlohmann::json::parse(object, nullptr, false);
  if (!json.is_object() || !json.contains(name)) return {};
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

bool Road::all_arrive(std::chrono::milliseconds patience) const {
  Ledger ledger;
  ledger.accept_all(publisher.accepted());
  if (!central.gets(ledger.size(), patience)) return false;
  return eventually([&] { return ledger.missing(central.values("id")).empty(); }, patience,
                    std::chrono::milliseconds{200});
}

bool Road::outbox_drains(std::chrono::milliseconds patience) const {
  return eventually([&] { return publisher.status("waiting") == "0"; }, patience, std::chrono::milliseconds{100});
}

}  // namespace solar::test
