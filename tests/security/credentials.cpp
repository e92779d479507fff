#include "tests/security/credentials.hpp"

#include <stdexcept>

namespace solar::test {
namespace {

namespace fs = std::filesystem;

void run_or_throw(const Command& command) {
  const Finished finished = run(command);
  if (finished.exit.status != 0)
    throw std::runtime_error{command.program.string() + ": " + finished.log + finished.output};
}

void openssl(const Flags& arguments, const std::string& on_day = {}) {
  run_or_throw({"openssl", arguments, on_day.empty() ? Command{}.environment : clock_of(on_day + " 00:00:00")});
}

/// As `-subj` wants it: / and + would begin something else.
std::string subject(const std::string& common_name) {
  if (common_name.empty()) return "/O=Bamenda";
  std::string text = "/CN=";
  for (const char c : common_name) text.append(c == '/' || c == '+' || c == '\\' ? "\\" : "").push_back(c);
  return text;
}

void make_key(const fs::path& file) {
  openssl({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file.string()});
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> lax_openssl(const fs::path& folder) {
  write_file(folder / "lax",
             "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
             "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n");
  return {{"OPENSSL_CONF", (folder / "lax").string()}};
}

std::vector<std::pair<std::string, std::string>> clock_of(const std::string& time) {
  // Not its wrapper `faketime`: that fails where a process of the same number left something behind.
  for (const auto& folder : fs::directory_iterator{"/usr/lib"}) {
    const auto library = folder.path() / "faketime/libfaketimeMT.so.1";
    if (std::error_code error; fs::exists(library, error))
      return {{"LD_PRELOAD", library.string()},
              {"FAKETIME", "@" + time},
              {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
              {"DONT_FAKE_MONOTONIC", "1"}};
  }
  throw std::runtime_error{"libfaketime is missing"};
}

Flags joined(Flags first, const Flags& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Flags Identity::for_mosquitto() const {
  Flags flags;
  if (!ca.empty()) flags = joined(flags, {"--cafile", ca.string()});
  if (!certificate.empty()) flags = joined(flags, {"--cert", certificate.string(), "--key", key.string()});
  return flags;
}

Flags Identity::for_us(const std::string& prefix) const {
  Flags flags;
  if (!ca.empty()) flags = joined(flags, {prefix + "ca-file", ca.string()});
  if (!certificate.empty()) flags = joined(flags, {prefix + "certificate-file", certificate.string()});
  if (!key.empty()) flags = joined(flags, {prefix + "key-file", key.string()});
  return flags;
}

Credentials::Credentials() { make({"Bamenda", "Buea"}); }

void Credentials::make(const Flags& words) const {
  run_or_throw({fs::path{SOLAR_COMPOSE} / "make-credentials", words, {{"CREDENTIALS_DIR", path().string()}}});
}

Identity Credentials::village(const std::string& name) const {
  const auto folder = path() / "villages" / name;
  return {folder / "ca.crt", folder / "client.crt", folder / "client.key"};
}

Identity Credentials::own(const std::string& name) const {
  if (name == "health") return {path() / "broker/ca.crt", path() / "broker/health.crt", path() / "broker/health.key"};
  return {path() / name / "ca.crt", path() / name / "client.crt", path() / name / "client.key"};
}

std::string Credentials::password(const std::string& village) const {
  return read_file(path() / "villages" / village / "password");
}

Identity Credentials::issue(const Wish& wish) const {
  const auto folder = new_folder();
  const auto issuer = wish.issuer.empty() ? path() / "ca" : wish.issuer;
  const Identity made{path() / "ca/ca.crt", folder / "crt", folder / "key"};
  make_key(made.key);
  openssl({"req", "-new", "-utf8", "-key", made.key.string(), "-subj", subject(wish.common_name), "-out",
           (folder / "csr").string()});
  write_file(folder / "extensions", "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=" + wish.usage + "\n" +
                                        (wish.hosts.empty() ? "" : "subjectAltName=" + wish.hosts + "\n"));
  openssl({"x509", "-req", "-in", (folder / "csr").string(), "-CA", (issuer / "ca.crt").string(), "-CAkey",
           (issuer / "ca.key").string(), "-days", std::to_string(wish.days), "-set_serial",
           "0x" + folder.filename().string(), "-extfile", (folder / "extensions").string(), "-out",
           made.certificate.string()},
          wish.made_on);
  return made;
}

fs::path Credentials::new_folder() const {
  static int count = 7000;
  auto folder = path() / "odd" / std::to_string(++count);
  fs::create_directories(folder);
  return folder;
}

fs::path Credentials::strange_ca() const {
  const auto folder = new_folder();
  make_key(folder / "ca.key");
  openssl({"req", "-x509", "-new", "-key", (folder / "ca.key").string(), "-days", "2", "-subj", "/CN=A stranger",
           "-addext", "basicConstraints=critical,CA:TRUE", "-out", (folder / "ca.crt").string()});
  return folder;
}

const Credentials& common_credentials() {
  static const Credentials credentials;
  return credentials;
}

}  // namespace solar::test
