// A real Mosquitto on a loopback port of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/process.hpp"

namespace solar::test {

/// Starts Mosquitto and waits until it accepts connections; persistence is on, queues are unlimited, everybody may do
/// everything unless `extra` (lines for its configuration) says otherwise. Keeps its port over restarts. Owner: one
/// thread.
class Broker {
 public:
  /// `anonymous` false: clients need a password, by `extra`'s password_file.
  explicit Broker(std::filesystem::path folder, std::string extra = {}, bool anonymous = true);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  void start();                           ///< throws std::runtime_error with its log if it does not come up
  void stop();                            ///< SIGTERM: it saves its state
  void kill();                            ///< SIGKILL: what it did not save is gone
  void restart();                         ///< stop, start
  void wipe();                            ///< removes its files. REQUIRES: it does not run
  void reload() { process_->signal(1); }  ///< SIGHUP: reads password and ACL files again

  [[nodiscard]] Process& process() { return *process_; }

 private:
  std::filesystem::path folder_;
  std::uint16_t port_;
  std::optional<Process> process_;
};

}  // namespace solar::test
