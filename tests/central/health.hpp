// One question to a running server, for images without a shell.
#pragma once

#include <string>

namespace solar::central {

struct HealthQuestion {
  std::string url{"http://127.0.0.1:8000"};  ///< of a path, nothing is used
  std::string ca_file;                       ///< empty: the system's CAs
  std::string certificate_file;              ///< where the server demands one
  std::string key_file;
};

/// Asks /healthz; prints one line on standard error where it is not well. The process's exit status.
[[nodiscard]] int ask_health(const HealthQuestion& question);

}  // namespace solar::central
