#include "tests/security/stronghold.hpp"

#include <unistd.h>

#include <stdexcept>

#include "tests/support/net.hpp"
#include "tests/support/wait.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

/// Throws where `from` is not there: then the file has changed, and a test would pass for a wrong reason.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error{"mosquitto.conf has no " + from};
  for (; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

Command subscriber(const Stronghold& broker, const Identity& who, const std::string& filter, const Flags& extra) {
  const Flags ours{"-oL",  "mosquitto_sub",
                   "-h",   "localhost",
                   "-p",   std::to_string(broker.certificates()),
                   "-V",   "mqttv5",
                   "-q",   "1",
                   "-d",   "-F",
                   "<%p>", "-t",
                   filter};
  return {"stdbuf", joined(joined(ours, who.for_mosquitto()), extra), {}};
}

}  // namespace

Stronghold::Stronghold(const Credentials& credentials, const Replacements& changes, const std::string& extra)
    : certificates_{free_port()}, passwords_{free_port()}, own_{free_port()} {
  const fs::path source = fs::path{SOLAR_COMPOSE} / "mosquitto";
  auto text = read_file(source / "mosquitto.conf");
  fs::create_directories(folder_.path() / "data");
  for (const auto& [from, to] : changes) text = replaced(text, from, to);
  text = replaced(text, "/mosquitto/secrets", (credentials.path() / "broker").string());
  text = replaced(text, "/mosquitto/config/acl", (source / "acl").string());
  text = replaced(text, "/mosquitto/data/", (folder_.path() / "data").string() + "/");
  text = replaced(text, "listener 8883\n", "listener " + std::to_string(certificates_) + " 127.0.0.1\n");
  text = replaced(text, "listener 8885\n", "listener " + std::to_string(own_) + " 127.0.0.1\n");
  text = replaced(text, "listener 8884\n", "listener " + std::to_string(passwords_) + " 127.0.0.1\n");
  if (::geteuid() == 0) text += "user root\n";
  write_file(folder_.path() / "mosquitto.conf", text + extra);
  start();
}

void Stronghold::start() {
  const fs::path usual = "/usr/sbin/mosquitto";  // not in every user's PATH
  process_.emplace(
      Command{
          fs::exists(usual) ? usual : fs::path{"mosquitto"}, {"-c", (folder_.path() / "mosquitto.conf").string()}, {}},
      folder_.path() / "mosquitto.log");
  // The door that is opened last.
  const auto up_or_gone = [this] { return connect_to(own_).valid() || !process_->running(); };
  if (!eventually(up_or_gone) || !process_->running())
    throw std::runtime_error{"mosquitto does not start: " + process_->log()};
}

Finished publish(const Stronghold& broker, const Identity& who, const std::string& topic, const std::string& payload,
                 const Flags& extra) {
  const Flags ours{"-h",  "localhost", "-p",   std::to_string(broker.certificates()), "-V", "mqttv5", "-q", "1", "-t",
                   topic, "-m",        payload};
  return run({"mosquitto_pub", joined(joined(ours, who.for_mosquitto()), extra), {}});
}

Finished publish_by_password(const Stronghold& broker, const Credentials& credentials, const std::string& user,
                             const std::string& password, const std::string& topic, const std::string& payload) {
  Flags flags{"-h",       "localhost",
              "-p",       std::to_string(broker.passwords()),
              "-V",       "mqttv5",
              "-q",       "1",
              "-t",       topic,
              "-m",       payload,
              "--cafile", (credentials.path() / "broker/ca.crt").string()};
  if (!user.empty()) flags = joined(flags, {"-u", user});
  if (!password.empty()) flags = joined(flags, {"-P", password});
  return run({"mosquitto_pub", flags, {}});
}

bool went_well(const Finished& publication) { return publication.exit.status == 0 && publication.log.empty(); }

bool denied(const Finished& publication) {
  return publication.log.find("Not authorized") != std::string::npos ||
         publication.log.find("Not authorised") != std::string::npos;
}

bool turned_away(const Finished& publication) {
  return denied(publication) && publication.log.find("Connection error") != std::string::npos;
}

Watcher::Watcher(const Stronghold& broker, const Identity& who, const std::string& filter, const Flags& extra)
    : process_{subscriber(broker, who, filter, extra), folder_.path() / "watcher.log"} {
  if (!process_.wait_for_line("Subscribed (mid: ")) throw std::runtime_error{"no subscription: " + process_.output()};
}

bool Watcher::sees(std::string_view payload) const {
  return eventually([&] { return saw(payload); });
}

bool Watcher::saw(std::string_view payload) const {
  return process_.output().find("<" + std::string{payload} + ">") != std::string::npos;
}

}  // namespace solar::test
