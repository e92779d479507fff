#include "shared/tls_probe.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>

#include "shared/file_descriptor.hpp"
#include "shared/tls_handles.hpp"
#include "shared/tls_words.hpp"

namespace solar {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

std::string text_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? rfc3339(std::chrono::seconds{timegm(&parts)}) : "?";
}

std::string ip_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string common_name(const X509_NAME* name) {
  std::array<char, 256> text{};
  X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text.data(), static_cast<int>(text.size()));
  return text.data();
}

std::string host_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, tls::Free<GENERAL_NAMES_free>> names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::string text;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (!text.empty()) text += ", ";
    if (name->type == GEN_DNS) {
      text.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                  static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      text += ip_text(name->d.iPAddress);
    }
  }
  return text.empty() ? common_name(X509_get_subject_name(certificate)) : text;
}

CertificateFault fault_of(X509_STORE_CTX& chain) {
  CertificateFault fault{.code = X509_STORE_CTX_get_error(&chain), .issuer = {}, .names = {}, .from = {}, .until = {}};
  const X509* const certificate = X509_STORE_CTX_get_current_cert(&chain);
  if (certificate == nullptr) return fault;
  if (X509_STORE_CTX_get_error_depth(&chain) > 0) fault.issuer = common_name(X509_get_subject_name(certificate));
  fault.names = host_names(certificate);
  fault.from = text_of(X509_get0_notBefore(certificate));
  fault.until = text_of(X509_get0_notAfter(certificate));
  return fault;
}

/// OpenSSL calls it for each certificate of the chain; the first fault ends the handshake.
int note_fault(int passed, X509_STORE_CTX* chain) {
  if (passed == 1) return 1;
  const auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  *static_cast<std::optional<CertificateFault>*>(SSL_get_app_data(ssl)) = fault_of(*chain);
  return 0;
}

}  // namespace

class TlsProbe::Run {
 public:
  Run(TlsTarget target, Addresses addresses, Millis wall, Tell tell)
      : target_{std::move(target)},
        addresses_{std::move(addresses)},
        wall_{wall},
        tell_{std::move(tell)},
        endpoint_{target_.host + ":" + target_.port},
        stop_{::eventfd(0, EFD_CLOEXEC)} {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void run();
  /// On the owner's thread: the probe's own ends at once.
  void stop_soon() const;

 private:
  [[nodiscard]] std::string result();
  [[nodiscard]] std::optional<std::string> connect();
  [[nodiscard]] bool connect_to(const addrinfo& address);
  [[nodiscard]] std::optional<std::string> prepare();
  [[nodiscard]] std::string shake_hands();
  [[nodiscard]] std::string complaint();
  [[nodiscard]] std::string words(int error) const;
  [[nodiscard]] bool wait(short events, Deadline until);
  [[nodiscard]] bool wait_for(int error, Deadline until);

  const TlsTarget target_;
  const Addresses addresses_;
  const Millis wall_;
  const Tell tell_;
  const std::string endpoint_;
  const Deadline deadline_{std::chrono::steady_clock::now() + kPatience};
  std::optional<CertificateFault> fault_;
  FileDescriptor socket_;
  tls::Context context_;
  tls::Connection ssl_;
  int error_{};     ///< errno of the connection
  bool stopped_{};  ///< only the thread's
  FileDescriptor stop_;
};

void TlsProbe::Run::run() {
  auto text = result();
  if (!stopped_) tell_(std::move(text));
}

void TlsProbe::Run::stop_soon() const {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stop_.get(), &one, sizeof(one)));
}

std::string TlsProbe::Run::result() {
  if (auto problem = connect()) return *problem;
  if (auto problem = prepare()) return *problem;
  return shake_hands();
}

std::optional<std::string> TlsProbe::Run::connect() {
  for (const addrinfo* address = addresses_.get(); address != nullptr && !stopped_; address = address->ai_next) {
    if (connect_to(*address)) return std::nullopt;
  }
  if (error_ == ECONNREFUSED) return "connection refused by " + endpoint_;
  return "no connection to " + endpoint_ + ": " + std::strerror(error_);
}

bool TlsProbe::Run::connect_to(const addrinfo& address) {
  socket_ = FileDescriptor{::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  error_ = errno;
  if (!socket_.valid()) return false;
  if (::connect(socket_.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
  error_ = errno;
  if (error_ != EINPROGRESS) return false;
  error_ = ETIMEDOUT;
  if (!wait(POLLOUT, deadline_)) return false;
  socklen_t length = sizeof(error_);
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_, &length);
  return error_ == 0;
}

std::optional<std::string> TlsProbe::Run::prepare() {
  const auto& files = target_.files;
  if (auto problem = tls_files_problem(files)) return problem;
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return "no memory for TLS";
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context_.get(), kTlsCiphers);
  const bool trust = files.ca.empty() ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                                      : SSL_CTX_load_verify_file(context_.get(), files.ca.c_str()) == 1;
  if (!trust) return "the CAs cannot be loaded";
  if (!files.certificate.empty()) {
    const auto& key = files.key.empty() ? files.certificate : files.key;
    if (SSL_CTX_use_certificate_chain_file(context_.get(), files.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
      return "OpenSSL does not take the certificate in " + files.certificate;
  }
  ssl_.reset(SSL_new(context_.get()));
  if (!ssl_) return "no memory for TLS";
  SSL_set_app_data(ssl_.get(), &fault_);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, &note_fault);
  auto* const wanted = SSL_get0_param(ssl_.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, target_.host.c_str()) != 1) {
    X509_VERIFY_PARAM_set1_host(wanted, target_.host.c_str(), target_.host.size());
    SSL_set_tlsext_host_name(ssl_.get(), target_.host.c_str());
  }
  ERR_clear_error();
  SSL_set_fd(ssl_.get(), socket_.get());
  return std::nullopt;
}

std::string TlsProbe::Run::shake_hands() {
  while (true) {
    ERR_clear_error();
    const int done = SSL_connect(ssl_.get());
    if (done == 1) return complaint();
    const int error = SSL_get_error(ssl_.get(), done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return words(error);
    if (!wait_for(error, deadline_)) return endpoint_ + " does not answer to the TLS handshake in time";
  }
}

std::string TlsProbe::Run::complaint() {
  const auto until = std::chrono::steady_clock::now() + kComplaint;
  while (true) {
    std::array<char, 1> byte{};
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), byte.data(), static_cast<int>(byte.size()));
    if (got > 0) return "TLS to " + endpoint_ + " works, but what answers there speaks first: it is no MQTT broker";
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_SSL) return words(error);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      return endpoint_ + " hangs up after the TLS handshake: it may be full";
    if (!wait_for(error, until)) return "TLS to " + endpoint_ + " works, and MQTT does not follow";
  }
}

std::string TlsProbe::Run::words(int error) const {
  if (fault_) return fault_words(*fault_, target_.host, target_.files.ca, wall_);
  if (error != SSL_ERROR_SSL)
    return endpoint_ + " hangs up during the TLS handshake: is that the port without encryption?";
  const auto first = ERR_peek_error();  // before anything else clears the queue
  const auto& certificate = target_.files.certificate;
  return handshake_words(first, endpoint_, !certificate.empty(),
                         certificate_dates_problem(certificate, wall_).value_or(""));
}

/// False: too late, or stopped.
bool TlsProbe::Run::wait(short events, Deadline until) {
  const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
  std::array<pollfd, 2> watched{pollfd{socket_.get(), events, 0}, pollfd{stop_.get(), POLLIN, 0}};
  const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(std::max(left, Millis{0}).count()));
  stopped_ = stopped_ || watched[1].revents != 0;
  return ready > 0 && !stopped_;
}

bool TlsProbe::Run::wait_for(int error, Deadline until) {
  return wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until);
}

TlsProbe::TlsProbe(TlsTarget target, Addresses addresses, Millis wall, Tell tell)
    : run_{std::make_unique<Run>(std::move(target), std::move(addresses), wall, std::move(tell))}, thread_{[this] {
        run_->run();
      }} {}

TlsProbe::~TlsProbe() {
  run_->stop_soon();
  thread_.join();
}

}  // namespace solar
