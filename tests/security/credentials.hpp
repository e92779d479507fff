// Credentials as compose/make-credentials gives them out, and others with one fault each.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/process.hpp"

namespace solar::test {

using Flags = std::vector<std::string>;

[[nodiscard]] Flags joined(Flags first, const Flags& second);

/// What one side of a TLS connection holds. An empty path: it has none.
struct Identity {
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;

  [[nodiscard]] Flags for_mosquitto() const;
  /// `prefix` is "--mqtt-" or "--api-".
  [[nodiscard]] Flags for_us(const std::string& prefix = "--mqtt-") const;
};

struct Wish {
  std::string common_name;  ///< empty: it has none
  std::string usage{"clientAuth"};
  std::string hosts{};             ///< "DNS:localhost,IP:127.0.0.1"
  std::string made_on{};           ///< "2020-01-01": by a clock of that day; empty: now
  int days{2};                     ///< how long it is valid
  std::filesystem::path issuer{};  ///< folder with ca.crt and ca.key; empty: the CA of make-credentials
};

/// The environment of a program whose clock starts at `time` ("1970-01-01 00:10:00"). Only the wall clock is another.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> clock_of(const std::string& time);

/// The environment of a program on a system whose OpenSSL would speak TLS 1.0: what its security level refuses
/// elsewhere, the program must refuse. The configuration is written into `folder`.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> lax_openssl(const std::filesystem::path& folder);

/// A folder of credentials for the villages Bamenda and Buea. Owner: one thread.
class Credentials {
 public:
  Credentials();

  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] Identity village(const std::string& name) const;
  /// forwarder, observer, or the broker's own health check.
  [[nodiscard]] Identity own(const std::string& name) const;
  [[nodiscard]] std::string password(const std::string& village) const;

  /// compose/make-credentials on this folder.
  void make(const Flags& words) const;
  /// A certificate and key of its own, trusting the real CA.
  [[nodiscard]] Identity issue(const Wish& wish) const;
  /// A CA that nobody knows.
  [[nodiscard]] std::filesystem::path strange_ca() const;

 private:
  [[nodiscard]] std::filesystem::path new_folder() const;
  TemporaryDirectory folder_;
};

/// Those that all tests of a process share; who revokes or replaces has some of its own.
[[nodiscard]] const Credentials& common_credentials();

}  // namespace solar::test
