#include "shared/http_client.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

#include "shared/file_descriptor.hpp"

namespace solar {
namespace {

using std::chrono::steady_clock;

constexpr Millis kHealthPatience{2'000};
constexpr std::size_t kAnswerMaxBytes = std::size_t{1} << 20;

struct AddressDeleter {
  void operator()(addrinfo* info) const { ::freeaddrinfo(info); }
};

/// Whether the socket is ready for `events` before the deadline.
bool wait_for(const FileDescriptor& socket, short events, steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - steady_clock::now()).count();
    pollfd file{.fd = socket.get(), .events = events, .revents = 0};
    const int ready = ::poll(&file, 1, static_cast<int>(std::clamp<Millis::rep>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Problem unreachable(const HttpAddress& address, int error) {
  return {.what = "nobody answers: " + std::string{std::strerror(error)}, .value = to_string(address), .advice = {}};
}

Result<FileDescriptor> connected(const HttpAddress& address, steady_clock::time_point deadline) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found{};
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) {
    return unreachable(address, EADDRNOTAVAIL);
  }
  const std::unique_ptr<addrinfo, AddressDeleter> info{found};
  FileDescriptor socket{::socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.valid()) return unreachable(address, errno);
  if (::connect(socket.get(), info->ai_addr, info->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return unreachable(address, errno);
    if (!wait_for(socket, POLLOUT, deadline)) return unreachable(address, ETIMEDOUT);
  }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return unreachable(address, error);
  return socket;
}

Result<HttpResponse> parsed(const std::string& answer, const HttpAddress& address) {
  HttpResponse response;
  const std::size_t head_end = answer.find("\r\n\r\n");
  const std::string_view status = std::string_view{answer}.substr(std::min(answer.find(' '), answer.size()));
  const bool is_http = answer.starts_with("HTTP/1.") && head_end != std::string::npos && status.size() > 4 &&
                       std::from_chars(status.data() + 1, status.data() + 4, response.status).ec == std::errc{};
  if (!is_http) return Problem{"no answer in time, or not HTTP", to_string(address), {}};
  response.body = answer.substr(head_end + 4);
  return response;
}

}  // namespace

Result<HttpResponse> http_get(const HttpAddress& address, std::string_view path, Millis patience) {
  const auto deadline = steady_clock::now() + patience;
  auto reached = connected(address, deadline);
  if (auto* problem = std::get_if<Problem>(&reached)) return std::move(*problem);
  const auto& socket = std::get<FileDescriptor>(reached);
  const std::string request =
      "GET " + std::string{path} + " HTTP/1.1\r\nHost: " + to_string(address) + "\r\nConnection: close\r\n\r\n";
  // It fits into the socket's buffer, whole.
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return unreachable(address, errno);
  }
  std::string answer;
  std::array<char, 4096> bytes{};
  while (answer.size() < kAnswerMaxBytes && wait_for(socket, POLLIN, deadline)) {
    const ssize_t length = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (length <= 0) break;
    answer.append(bytes.data(), static_cast<std::size_t>(length));
  }
  return parsed(answer, address);
}

int tell_health(const std::string& program, const std::optional<HttpAddress>& listen) {
  const auto complain = [&program](const Problem& problem, int status) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), to_line(problem).c_str());
    return status;
  };
  if (!listen)
    return complain({"http-listen is off: there is nobody to ask", {}, "set HTTP_LISTEN as `run` has it"}, 2);
  if (listen->port == 0) return complain({"http-listen names no port", to_string(*listen), "see the log of `run`"}, 2);
  const auto answer = http_get(local(*listen), "/healthz", kHealthPatience);
  if (const auto* problem = std::get_if<Problem>(&answer)) return complain(*problem, 1);
  const auto& response = std::get<HttpResponse>(answer);
  std::string line = response.body.substr(0, response.body.find('\n'));
  if (response.status != 200) return complain({"not healthy", shortened(line), {}}, 1);
  std::printf("%s: %s\n", program.c_str(), shortened(line).c_str());
  return 0;
}

}  // namespace solar
