#include "tests/support/nginx.hpp"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "tests/support/net.hpp"

namespace solar::test {
namespace {

std::string configuration(const std::filesystem::path& folder, std::uint16_t port) {
  const std::string temporary = (folder / "temp").string();
  std::ostringstream text;
  if (::geteuid() == 0) text << "user root;\n";
  text << "daemon off;\nmaster_process off;\nworker_processes 1;\npid " << (folder / "nginx.pid").string() << ";\n"
       << "error_log stderr crit;\nevents { worker_connections 1024; }\nhttp {\n  access_log off;\n"
       << "  keepalive_requests 1000000000;\n  keepalive_timeout 1h;\n  client_body_buffer_size 16k;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text << "  " << kind << "_temp_path " << temporary << "/" << kind << ";\n";
  }
  text << "  server {\n    listen 127.0.0.1:" << port << ";\n    location = /api/solar { return 200 \"{}\"; }\n"
       << "    location = /status { stub_status; }\n  }\n}\n";
  return text.str();
}

std::filesystem::path program() {
  const std::filesystem::path usual = "/usr/sbin/nginx";
  return std::filesystem::exists(usual) ? usual : std::filesystem::path{"nginx"};
}

}  // namespace

Nginx::Nginx(std::filesystem::path folder) : folder_{std::move(folder)}, port_{free_port()} {
  std::filesystem::create_directories(folder_ / "temp");
  write_file(folder_ / "nginx.conf", configuration(folder_, port_));
  start();
}

void Nginx::start() {
  questions_ = 0;
  const Command command{
      program(), {"-c", (folder_ / "nginx.conf").string(), "-p", folder_.string(), "-e", "stderr"}, {}};
  process_.emplace(command, folder_ / "nginx.log");
  const auto up_or_gone = [this] { return connect_to(port_).valid() || !process_->running(); };
  if (!eventually(up_or_gone) || !process_->running())
    throw std::runtime_error{"nginx does not start: " + process_->log()};
}

void Nginx::stop() { process_->stop(); }

std::uint64_t Nginx::posts() {
  const auto answer = http(port_, "GET", "/status");
  if (!answer) return 0;
  ++questions_;
  // "server accepts handled requests\n 1 1 17 \n"
  std::istringstream numbers{answer->body.substr(answer->body.find("requests") + 8)};
  std::uint64_t accepted = 0;
  std::uint64_t handled = 0;
  std::uint64_t requests = 0;
  numbers >> accepted >> handled >> requests;
  return requests - questions_;
}

}  // namespace solar::test
