#include "tests/central/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <stdexcept>

namespace solar::central {
namespace {

struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

std::string last_words() {
  std::array<char, 256> words{};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  ERR_clear_error();
  return words.data();
}

bool demand_certificates(SSL_CTX& context, const std::string& authority) {
  if (SSL_CTX_load_verify_locations(&context, authority.c_str(), nullptr) != 1) return false;
  SSL_CTX_set_client_CA_list(&context, SSL_load_client_CA_file(authority.c_str()));
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return true;
}

/// What is wrong; empty: nothing.
std::string set_up(SSL_CTX& context, const TlsFiles& files) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(&context, files.certificate.c_str()) != 1)
    return "--certificate-file " + files.certificate + " holds no certificate that can be read: " + last_words();
  if (SSL_CTX_use_PrivateKey_file(&context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return "--key-file " + files.key + " holds no key for that certificate: " + last_words();
  if (!files.client_ca.empty() && !demand_certificates(context, files.client_ca))
    return "--client-ca-file " + files.client_ca + " holds no certificate that can be read: " + last_words();
  return {};
}

}  // namespace

std::unique_ptr<httplib::Server> make_server(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty())
    throw std::runtime_error{"--certificate-file and --key-file: give both or neither"};
  if (files.certificate.empty() && !files.client_ca.empty())
    throw std::runtime_error{"--client-ca-file needs --certificate-file and --key-file"};
  if (files.certificate.empty()) return std::make_unique<httplib::Server>();
  std::string problem;
  auto server = std::make_unique<httplib::SSLServer>([&](SSL_CTX& context) {
    problem = set_up(context, files);
    return problem.empty();
  });
  if (!problem.empty()) throw std::runtime_error{problem};
  return server;
}

std::string client_name(const httplib::Request& request) {
  if (request.ssl == nullptr) return {};
  const std::unique_ptr<X509, CertificateDeleter> certificate{SSL_get1_peer_certificate(request.ssl)};
  std::array<char, 256> name{};
  if (!certificate || X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                                                static_cast<int>(name.size())) < 0) {
    return {};
  }
  return name.data();
}

}  // namespace solar::central
