// The files that one side of a TLS connection is made of. tls_*.cpp are the only files of ours that know OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/problem.hpp"

namespace solar {

/// What is offered to a broker, for OpenSSL. None of them exists below TLS 1.2, and Paho can ask for a version only as
/// the one and no newer. TLS 1.3 has its own.
inline constexpr const char* kTlsCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

struct TlsFiles {
  std::string ca;           ///< PEM; empty: the system's CAs
  std::string certificate;  ///< ours, PEM, with whatever chain follows it; empty: none
  std::string key;          ///< PEM; empty: it is in the certificate's file
};

/// Why no connection can come of these files, on one line; nullopt: they are fine. Reads the disk; dates do not count,
/// for the clock may be wrong.
[[nodiscard]] std::optional<std::string> tls_files_problem(const TlsFiles& files);

/// What is wrong with the dates of the certificate in `file`, as seen at `wall`, on one line; nullopt: nothing, or
/// there is none.
[[nodiscard]] std::optional<std::string> certificate_dates_problem(const std::string& file, Millis wall);

/// Whether it is this machine, by its name or in numbers: what goes there is on no wire.
[[nodiscard]] bool is_loopback(std::string_view url);

/// Settings that contradict each other. `prefix` is that of their names ("mqtt-"), `url` with its scheme; `secret`
/// names what goes there and may not be read on the way ("token-file"), empty: nothing.
[[nodiscard]] std::optional<Problem> tls_settings_problem(const TlsFiles& files, const std::string& secret,
                                                          const std::string& prefix, const std::string& url);

}  // namespace solar
