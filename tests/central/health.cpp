#include "tests/central/health.hpp"

#include <httplib.h>

#include <chrono>
#include <iostream>

namespace solar::central {
namespace {

constexpr std::chrono::seconds kPatience{3};

/// "https://localhost:8000" of "https://localhost:8000/api/solar".
std::string origin_of(const std::string& url) {
  const auto host = url.find("://");
  return host == std::string::npos ? url : url.substr(0, url.find('/', host + 3));
}

}  // namespace

int ask_health(const HealthQuestion& question) {
  httplib::Client client{origin_of(question.url), question.certificate_file, question.key_file};
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  if (!question.ca_file.empty()) client.set_ca_cert_path(question.ca_file);
  const auto answer = client.Get("/healthz");
  if (answer && answer->status == 200) return 0;
  std::cerr << "solar-central: " << question.url << ": "
            << (answer ? "status " + std::to_string(answer->status)
                       : "no answer, " + httplib::to_string(answer.error()))
            << std::endl;
  return 1;
}

}  // namespace solar::central
