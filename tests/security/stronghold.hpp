// The real broker with the configuration that we ship, and people at its doors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/security/credentials.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace solar::test {

using Replacements = std::vector<std::pair<std::string, std::string>>;

/// Mosquitto with compose/mosquitto/mosquitto.conf and acl. Only paths and ports are others, and what `replaced` and
/// `extra` say. Owner: one thread.
class Stronghold {
 public:
  explicit Stronghold(const Credentials& credentials, const Replacements& replaced = {}, const std::string& extra = {});

  void start();  ///< throws std::runtime_error with its log
  void stop() { process_->stop(); }
  void reload() { process_->signal(1); }

  [[nodiscard]] std::uint16_t certificates() const { return certificates_; }  ///< the port of 8883
  [[nodiscard]] std::uint16_t passwords() const { return passwords_; }        ///< the port of 8884
  [[nodiscard]] std::uint16_t own() const { return own_; }                    ///< the port of 8885
  [[nodiscard]] std::string url() const { return "mqtts://localhost:" + std::to_string(certificates_); }
  [[nodiscard]] const Process& process() const { return *process_; }

 private:
  TemporaryDirectory folder_;
  std::uint16_t certificates_;
  std::uint16_t passwords_;
  std::uint16_t own_;
  std::optional<Process> process_;
};

/// mosquitto_pub as `who` at the certificates' door; what it says in `log` tells whether it was let.
[[nodiscard]] Finished publish(const Stronghold& broker, const Identity& who, const std::string& topic,
                               const std::string& payload, const Flags& extra = {});
/// The same at the passwords' door.
[[nodiscard]] Finished publish_by_password(const Stronghold& broker, const Credentials& credentials,
                                           const std::string& user, const std::string& password,
                                           const std::string& topic, const std::string& payload);
[[nodiscard]] bool went_well(const Finished& publication);
/// It got in, or not; and may not publish that.
[[nodiscard]] bool denied(const Finished& publication);
/// It did not get in, for who it is.
[[nodiscard]] bool turned_away(const Finished& publication);

/// mosquitto_sub that goes on; subscribed once the constructor returns. Owner: one thread.
class Watcher {
 public:
  Watcher(const Stronghold& broker, const Identity& who, const std::string& filter, const Flags& extra = {});

  /// Whether a message with this payload comes, or came.
  [[nodiscard]] bool sees(std::string_view payload) const;
  /// Whether one came until now.
  [[nodiscard]] bool saw(std::string_view payload) const;
  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] const Process& process() const { return process_; }

 private:
  TemporaryDirectory folder_;
  Process process_;
};

}  // namespace solar::test
