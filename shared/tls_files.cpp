#include "shared/tls_files.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <ctime>

#include "shared/secret_file.hpp"
#include "shared/tls_handles.hpp"

namespace solar {
namespace {

constexpr std::size_t kFileMaxBytes = 1024 * 1024;

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

tls::Bio memory_of(const std::string& text) {
  return tls::Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

tls::Certificate certificate_in(const std::string& text) {
  return tls::Certificate{PEM_read_bio_X509(memory_of(text).get(), nullptr, no_passphrase, nullptr)};
}

std::optional<std::string> certificate_problem(const std::string& what, const std::string& file) {
  const auto read = read_plain(what + " " + file, file, kFileMaxBytes);
  if (const auto* const problem = std::get_if<Problem>(&read)) return problem->what;
  if (!certificate_in(std::get<std::string>(read))) return what + " " + file + " holds no certificate in PEM form";
  return std::nullopt;
}

std::optional<std::string> key_problem(const TlsFiles& files) {
  const auto& file = files.key.empty() ? files.certificate : files.key;
  const auto what = (files.key.empty() ? "the certificate file " : "the key file ") + file;
  const auto read = read_secret(what, file, kFileMaxBytes);
  if (const auto* const problem = std::get_if<Problem>(&read)) return problem->what;
  const auto bio = memory_of(std::get<std::string>(read));
  const tls::Key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  if (!key) return what + " holds no private key in PEM form, or one with a passphrase";
  const auto certificate = tls::first_certificate(files.certificate.c_str());
  if (!certificate || X509_check_private_key(certificate.get(), key.get()) != 1)
    return "the key in " + file + " does not belong to the certificate in " + files.certificate;
  return std::nullopt;
}

std::optional<std::string> files_problem(const TlsFiles& files) {
  if (!files.ca.empty()) {
    if (auto problem = certificate_problem("the CA file", files.ca)) return problem;
  }
  if (files.certificate.empty()) return std::nullopt;
  if (auto problem = certificate_problem("the certificate file", files.certificate)) return problem;
  return key_problem(files);
}

std::optional<Millis> to_wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return std::chrono::seconds{timegm(&parts)};
}

}  // namespace

tls::Certificate tls::first_certificate(const char* file) {
  const auto read = read_plain("the certificate file", file, kFileMaxBytes);
  const auto* const text = std::get_if<std::string>(&read);
  return text == nullptr ? Certificate{} : certificate_in(*text);
}

std::optional<std::string> tls_files_problem(const TlsFiles& files) {
  auto problem = files_problem(files);
  ERR_clear_error();  // Paho and curl read the same queue
  return problem;
}

std::optional<std::string> certificate_dates_problem(const std::string& file, Millis wall) {
  if (file.empty()) return std::nullopt;
  const auto certificate = tls::first_certificate(file.c_str());
  ERR_clear_error();
  if (!certificate) return std::nullopt;
  const auto from = to_wall(X509_get0_notBefore(certificate.get()));
  const auto until = to_wall(X509_get0_notAfter(certificate.get()));
  if (until && wall > *until) return "our certificate " + file + " expired on " + rfc3339(*until);
  if (from && wall < *from)
    return "our certificate " + file + " is valid from " + rfc3339(*from) + " on, and the clock here says " +
           rfc3339(wall) + ": most likely this clock is late";
  return std::nullopt;
}

bool is_loopback(std::string_view url) {
  const auto scheme = url.find("://");
  auto host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  host = host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  const std::string text{host};
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  return text == "localhost";
}

std::optional<Problem> tls_settings_problem(const TlsFiles& files, const std::string& secret, const std::string& prefix,
                                            const std::string& url) {
  if (!files.key.empty() && files.certificate.empty())
    return Problem{prefix + "key-file without " + prefix + "certificate-file", shortened(files.key), "set both"};
  const bool encrypted = url.starts_with("mqtts://") || url.starts_with("wss://") || url.starts_with("https://");
  if (encrypted) return std::nullopt;
  const std::string needs_tls = !files.ca.empty()            ? "ca-file"
                                : !files.certificate.empty() ? "certificate-file"
                                : is_loopback(url)           ? ""
                                                             : secret;
  if (needs_tls.empty()) return std::nullopt;
  return Problem{prefix + needs_tls + " is set, but this address is not encrypted", shortened(url),
                 prefix == "mqtt-" ? "write mqtts:// or wss://" : "write https://"};
}

}  // namespace solar
