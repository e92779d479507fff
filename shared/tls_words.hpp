// What went wrong in a TLS handshake, in words for people.
#pragma once

#include <string>

#include "shared/clock.hpp"

namespace solar {

/// One certificate that did not pass.
struct CertificateFault {
  int code{};          ///< of X509_verify_cert
  std::string issuer;  ///< its subject, where it is a CA's; empty: it is the host's own
  std::string names;   ///< the hosts that it is for, separated by commas
  std::string from;    ///< when it begins
  std::string until;   ///< when it ends
};

/// Why the certificate of `host` is not trusted. `ca_file` may be empty: the system's.
[[nodiscard]] std::string fault_words(const CertificateFault& fault, const std::string& host,
                                      const std::string& ca_file, Millis wall);

/// Why the handshake with `endpoint` ended, by an error of OpenSSL's queue; `ours` is what is known to be wrong with
/// our own certificate, or empty.
[[nodiscard]] std::string handshake_words(unsigned long error, const std::string& endpoint, bool has_certificate,
                                          const std::string& ours);

}  // namespace solar
