// The reference central server as a process, and what it has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.hpp"

namespace solar::test {

/// A reading as central stored it.
struct StoredReading {
  std::string key;   ///< the idempotency key as it came, without quotes
  std::string body;  ///< byte for byte
};

/// Counts of central.
struct Counts {
  std::uint64_t readings{};
  std::uint64_t posts{};
  std::uint64_t duplicates{};
  std::uint64_t differences{};  ///< POSTs with the key of another body
};

/// `solar-central` on a loopback port that it keeps over restarts, with its test control on. Owner: one thread.
class Central {
 public:
  /// `host`: where it listens; the tests themselves, and `url`, always use 127.0.0.1.
  explicit Central(std::filesystem::path folder, std::vector<std::string> extra_arguments = {},
                   std::string host = "127.0.0.1");

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/api/solar"; }

  void start();
  void stop();
  void kill();

  /// Answers on purpose as `fault` (a JSON object for POST /test/fault) says, until `heal`.
  void fail(std::string_view fault);
  /// Answers every reading with `status` from now on.
  void answer_always(int status);
  void heal();

  /// nullopt: it does not answer.
  [[nodiscard]] std::optional<Counts> counts() const;
  [[nodiscard]] std::uint64_t readings() const;  ///< 0 where it does not answer
  [[nodiscard]] std::vector<StoredReading> stored(std::string_view village = {}) const;
  /// The field `name` of every stored reading, as text; readings without it are left out.
  [[nodiscard]] std::vector<std::string> values(const std::string& name) const;
  /// Whether it has exactly or more than `count` readings, in time.
  [[nodiscard]] bool gets(std::uint64_t count, std::chrono::milliseconds patience = kPatience) const;

  [[nodiscard]] Process& process() { return *process_; }

 private:
  std::filesystem::path folder_;
  std::uint16_t port_;
  std::vector<std::string> extra_arguments_;
  std::string host_;
  std::optional<Process> process_;
};

}  // namespace solar::test
