// solar-central: a reference of the central server, for the demo, the tests and whoever builds a real one.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/central/health.hpp"
#include "tests/central/server.hpp"
#include "tests/central/store.hpp"

#ifndef SOLAR_VERSION
#define SOLAR_VERSION "0.1.0"
#endif

namespace {

constexpr const char* kFooter = R"(
POST /api/solar            one reading as JSON: {"village":"Bamenda","power_kw":120, ...}, at most 16 KiB.
                           Idempotency-Key: "<key>"; without one, the key is a hash of the body.
                           201 stored, durably; 200 the same key and body was stored before; 422 the key came with another
                           body before; 400 not a reading. Keys do not expire.
GET  /api/solar            NDJSON, one line a reading, as it came:
                           {"n":1,"key":"..","received_at":"..","reading":{..}}
     ?village=Bamenda      only readings of this village
     ?since=17             only readings after the line with n = 17
     ?since=2026-01-28T10:15:00Z   only readings received at that time (UTC) or later
GET  /healthz              200, whoever asks
GET  /api/solar/count      {"readings":N,"posts":M,"duplicates":D,"differences":E}; duplicates are POSTs answered 200, differences
                           those whose key came with another body; all but readings since the start of this process

With --test-control: POST /test/fault {"status":503,"count":3,"delay_ms":0,"retry_after":"5","store_before":false,
"village":"Buea"} answers the next count POSTs (-1: all from now on, 0: as usual) so; status 0 only delays.)";

struct Options {
  std::string listen{"127.0.0.1:8000"};
  std::string database{"central.db"};
  std::string token_file;
  solar::central::TlsFiles tls;
  std::string client_name;
  bool test_control{};
};

// "127.0.0.1:8000" as host and port.
solar::central::ServerOptions to_server_options(const Options& options) {
  const std::size_t colon = options.listen.rfind(':');
  const int port = colon == std::string::npos ? 0 : std::atoi(options.listen.c_str() + colon + 1);
  if (port < 1 || port > 65535)
    throw std::runtime_error{"--listen " + options.listen + ": must be host:port, such as 127.0.0.1:8000"};
  if (!options.client_name.empty() && options.tls.client_ca.empty())
    throw std::runtime_error{"--client-name needs --client-ca-file"};
  solar::central::ServerOptions result{options.listen.substr(0, colon),
                                       static_cast<std::uint16_t>(port),
                                       {},
                                       options.tls,
                                       options.client_name,
                                       options.test_control};
  if (!options.token_file.empty()) {
    std::ifstream file{options.token_file};
    if (!(file >> result.token))
      throw std::runtime_error{"--token-file " + options.token_file + ": no token can be read there"};
  }
  return result;
}

int serve(const Options& options) {
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  solar::central::Store store{options.database};
  solar::central::Server server{to_server_options(options), store};
  std::thread{[&] {
    int number = 0;
    sigwait(&stop_signals, &number);
    server.stop();
    // Whatever was answered is durable; idle connections would keep the server's threads for their whole timeout.
    std::_Exit(0);
  }}.detach();
  std::cerr << "listening on " << (options.tls.certificate.empty() ? "http://" : "https://") << options.listen
            << "/api/solar, " << store.count() << " readings" << std::endl;
  if (!server.serve()) throw std::runtime_error{"cannot listen on " + options.listen};
  std::this_thread::sleep_for(std::chrono::seconds{10});  // the signal's thread ends the process
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"A reference central server for Solar Sync: takes readings, keeps each once, lists them."};
  app.add_option("--listen", options.listen, "host:port to listen on")->capture_default_str();
  app.add_option("--database", options.database, "SQLite file; made if there is none")->capture_default_str();
  app.add_option("--token-file", options.token_file,
                 "file with the bearer token that every request must bring; none by default");
  app.add_option("--certificate-file", options.tls.certificate, "the server's certificate and chain, PEM: HTTPS only");
  app.add_option("--key-file", options.tls.key, "private key of that certificate, PEM");
  app.add_option("--client-ca-file", options.tls.client_ca, "every client must show a certificate of these CAs, PEM");
  app.add_option("--client-name", options.client_name,
                 "and that certificate must have this common name: a CA may know more than forwarders");
  app.add_flag("--test-control", options.test_control, "take faults on purpose at /test/fault (for tests only)");
  app.set_version_flag("--version", "solar-central " SOLAR_VERSION);
  app.footer(kFooter);
  solar::central::HealthQuestion question;
  auto* const health = app.add_subcommand("health", "ask a running server whether it is well: exit status 0 or 1");
  health->add_option("--url", question.url, "where it listens")->capture_default_str();
  health->add_option("--ca-file", question.ca_file, "CAs that its certificate is checked against; empty: the system's");
  health->add_option("--certificate-file", question.certificate_file, "client certificate, where it demands one");
  health->add_option("--key-file", question.key_file, "private key of the client certificate");
  CLI11_PARSE(app, argc, argv);
  if (health->parsed()) return solar::central::ask_health(question);
  try {
    return serve(options);
  } catch (const std::exception& error) {
    std::cerr << "solar-central: " << error.what() << std::endl;
    return 1;
  }
}
