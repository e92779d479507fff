#include "shared/tls_words.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include "shared/utf8.hpp"

namespace solar {
namespace {

constexpr std::size_t kNamesShown = 160;

std::string authorities(const std::string& ca_file) {
  return ca_file.empty() ? "of no CA that this system knows; a private CA's file must be set"
                         : "of no CA in " + ca_file;
}

/// What the other side says of our certificate, or of its lack; empty: nothing of that.
std::string refusal_words(int reason) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "wants a client certificate, and none is set";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "says that our certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "says that our certificate was revoked";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "does not know the CA of our certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "does not take our certificate";
    default:
      return {};
  }
}

}  // namespace

std::string fault_words(const CertificateFault& fault, const std::string& host, const std::string& ca_file,
                        Millis wall) {
  const auto whose = fault.issuer.empty()
                         ? "the certificate of " + host
                         : "the CA certificate " + printable(fault.issuer, kNamesShown) + " above that of " + host;
  switch (fault.code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + " expired on " + fault.until + " (the clock here says " + rfc3339(wall) + ")";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + " is valid from " + fault.from + " on, and the clock here says " + rfc3339(wall) +
             ": most likely this clock is late";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return whose + " is for another host: " + printable(fault.names, kNamesShown);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the certificate of " + host + " is " + authorities(ca_file);
    default:
      return whose + " is not trusted: " + X509_verify_cert_error_string(fault.code);
  }
}

std::string handshake_words(unsigned long error, const std::string& endpoint, bool has_certificate,
                            const std::string& ours) {
  const int reason = ERR_GET_REASON(error);
  if (auto refusal = refusal_words(reason); !refusal.empty()) {
    if (!has_certificate) return endpoint + " wants a client certificate, and none is set";
    return endpoint + " " + refusal + (ours.empty() ? "" : "; " + ours);
  }
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return endpoint + " does not speak TLS: is that the port without encryption?";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
      return endpoint + " speaks no TLS as new as 1.2, which is the least";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return endpoint + " broke off the TLS handshake: no cipher in common" +
             (has_certificate ? "" : ", or it wants a client certificate");
    default:
      break;
  }
  const char* const words = ERR_reason_error_string(error);
  return "TLS to " + endpoint + " failed: " + (words == nullptr ? "unknown error" : words);
}

}  // namespace solar
