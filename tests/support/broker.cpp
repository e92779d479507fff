#include "tests/support/broker.hpp"

#include <unistd.h>

#include <stdexcept>

#include "tests/support/net.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

// Debian keeps Mosquitto in /usr/sbin, which is not in every user's PATH.
fs::path mosquitto() {
  const fs::path usual = "/usr/sbin/mosquitto";
  return fs::exists(usual) ? usual : fs::path{"mosquitto"};
}

std::string configuration(const fs::path& data, std::uint16_t port, bool anonymous, const std::string& extra) {
  std::string text = "per_listener_settings false\nlistener " + std::to_string(port) + " 127.0.0.1\n";
  text += std::string{"allow_anonymous "} + (anonymous ? "true\n" : "false\n");
  text += "persistence true\npersistence_location " + data.string() + "/\n";
  text += "max_queued_messages 0\nmax_inflight_messages 100\nset_tcp_nodelay true\nlog_dest stderr\n";
  if (::geteuid() == 0) text += "user root\n";
  return text + extra + "\n";
}

}  // namespace

Broker::Broker(fs::path folder, std::string extra, bool anonymous) : folder_{std::move(folder)}, port_{free_port()} {
  fs::create_directories(folder_ / "data");
  write_file(folder_ / "mosquitto.conf", configuration(folder_ / "data", port_, anonymous, extra));
  start();
}

void Broker::start() {
  process_.emplace(Command{mosquitto(), {"-c", (folder_ / "mosquitto.conf").string()}, {}}, folder_ / "mosquitto.log");
  const auto up_or_gone = [this] { return connect_to(port_).valid() || !process_->running(); };
  if (!eventually(up_or_gone) || !process_->running())
    throw std::runtime_error{"mosquitto does not start: " + process_->log()};
}

void Broker::stop() { process_->stop(); }
void Broker::kill() { process_->kill(); }

void Broker::restart() {
  stop();
  start();
}

void Broker::wipe() {
  fs::remove_all(folder_ / "data");
  fs::create_directories(folder_ / "data");
}

}  // namespace solar::test
