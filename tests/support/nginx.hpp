// nginx as the fastest central there is: answers 200 to every reading and keeps none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/process.hpp"

namespace solar::test {

/// One worker on a loopback port that it keeps over restarts. Owner: one thread.
class Nginx {
 public:
  explicit Nginx(std::filesystem::path folder);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/api/solar"; }
  void start();
  void stop();

  /// Readings answered since the start, by its own count of requests.
  [[nodiscard]] std::uint64_t posts();

 private:
  std::filesystem::path folder_;
  std::uint16_t port_;
  std::uint64_t questions_{};  ///< our own requests, which it counts too
  std::optional<Process> process_;
};

}  // namespace solar::test
