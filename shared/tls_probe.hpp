// Finds out why a TLS connection fails: Paho only says that it did.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "shared/clock.hpp"
#include "shared/name_lookup.hpp"
#include "shared/tls_files.hpp"

namespace solar {

struct TlsTarget {
  std::string host;  ///< without brackets
  std::string port;
  TlsFiles files;
};

/// Connects once to the target on a thread of its own, shakes hands, waits a moment for the other side's complaint, and
/// hangs up.
///
/// Threads: the constructor and the destructor on the owner's; `tell` is called on the probe's own, at most once, never
/// after the destructor has returned. The destructor interrupts the probe and does not wait for the network.
class TlsProbe {
 public:
  static constexpr Millis kPatience{8'000};   ///< for the connection and the handshake together
  static constexpr Millis kComplaint{1'500};  ///< since TLS 1.3 a client is done before its certificate was looked at

  using Tell = std::function<void(std::string)>;

  /// `addresses`: of the target. `wall`: the time, for words about a late clock.
  TlsProbe(TlsTarget target, Addresses addresses, Millis wall, Tell tell);
  ~TlsProbe();
  TlsProbe(const TlsProbe&) = delete;
  TlsProbe& operator=(const TlsProbe&) = delete;

 private:
  class Run;
  std::unique_ptr<Run> run_;
  std::thread thread_;
};

}  // namespace solar
