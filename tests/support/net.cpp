#include "tests/support/net.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <deque>
#include <random>
#include <system_error>

namespace solar::test {
namespace {

constexpr std::size_t kClaimsMax = 100;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

Socket tcp_socket() {
  Socket socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket.valid()) fail("socket");
  return socket;
}

void set_flag(const Socket& socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket.fd(), level, option, &on, sizeof on);
}

bool bind_to(const Socket& socket, std::uint16_t port) {
  set_flag(socket, SOL_SOCKET, SO_REUSEADDR);
  const sockaddr_in address = loopback(port);
  return ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// A UDP socket on the same number: nobody else who asks for a free port gets it meanwhile, though its server restarts.
Socket claim_port(std::uint16_t port) {
  Socket claim{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const sockaddr_in address = loopback(port);
  if (::bind(claim.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) claim.close();
  return claim;
}

std::size_t hex(std::string_view digits) {
  std::size_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

std::string unchunked(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const std::size_t line_end = text.find("\r\n");
    if (line_end == std::string_view::npos) break;
    const std::size_t size = hex(text.substr(0, line_end));
    text.remove_prefix(line_end + 2);
    body += text.substr(0, size);
    if (size == 0 || text.size() < size + 2) break;
    text.remove_prefix(size + 2);
  }
  return body;
}

std::optional<HttpAnswer> parse_answer(std::string_view text) {
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos || !text.starts_with("HTTP/1.")) return std::nullopt;
  HttpAnswer answer;
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  const std::string_view head = text.substr(0, head_end);
  const std::string_view body = text.substr(head_end + 4);
  const bool chunked = head.find("chunked") != std::string_view::npos;
  answer.body = chunked ? unchunked(body) : std::string{body};
  return answer;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Socket::~Socket() { close(); }

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::uint16_t free_port() {
  static std::mt19937 random{std::random_device{}()};
  static std::deque<Socket> claims;
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(std::uniform_int_distribution<int>{15'000, 31'999}(random));
    if (connect_to(port).valid()) continue;
    Socket claim = claim_port(port);
    const Socket socket = tcp_socket();
    if (!claim.valid() || !bind_to(socket, port)) continue;
    claims.push_back(std::move(claim));
    if (claims.size() > kClaimsMax) claims.pop_front();
    return port;
  }
  fail("no free port");
}

Socket connect_to(std::uint16_t port) {
  Socket socket = tcp_socket();
  const sockaddr_in address = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Socket{};
  set_flag(socket, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

Socket listen_on(std::uint16_t port) {
  Socket socket = tcp_socket();
  if (!bind_to(socket, port)) fail("bind");
  if (::listen(socket.fd(), 64) != 0) fail("listen");
  return socket;
}

Socket accept_from(const Socket& listener, std::chrono::milliseconds patience) {
  pollfd wanted{listener.fd(), POLLIN, 0};
  if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return Socket{};
  Socket socket{::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (socket.valid()) set_flag(socket, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

bool send_all(const Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> receive_some(const Socket& socket, std::chrono::milliseconds patience) {
  pollfd wanted{socket.fd(), POLLIN, 0};
  if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
  std::string bytes(64 * 1024, '\0');
  const ssize_t got = ::recv(socket.fd(), bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::optional<HttpAnswer> http(std::uint16_t port, std::string_view method, std::string_view target,
                               std::string_view body, std::string_view extra_headers,
                               std::chrono::milliseconds patience) {
  const Socket socket = connect_to(port);
  if (!socket.valid()) return std::nullopt;
  std::string request =
      std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  request += extra_headers;
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  request += body;
  if (!send_all(socket, request)) return std::nullopt;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::string answer;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto some = receive_some(socket, std::chrono::duration_cast<std::chrono::milliseconds>(left));
    if (!some) return std::nullopt;
    if (some->empty()) return parse_answer(answer);
    answer += *some;
  }
  return std::nullopt;
}

}  // namespace solar::test
