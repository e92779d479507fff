// Loopback sockets of the tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace solar::test {

/// A descriptor that is closed at the end. Owner: one thread.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_{fd} {}
  Socket(Socket&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void close();

 private:
  int fd_;
};

/// A port of 127.0.0.1 where nobody listens. Below the range that outgoing connections take, so that it stays free
/// while a server restarts, and a client that tries meanwhile cannot connect to itself. No other process that asks gets
/// it while this one lives and has asked for less than 100 more.
[[nodiscard]] std::uint16_t free_port();

/// Invalid if nobody accepts at 127.0.0.1:`port`. Blocking, without Nagle's delay.
[[nodiscard]] Socket connect_to(std::uint16_t port);
/// Throws std::system_error.
[[nodiscard]] Socket listen_on(std::uint16_t port);
/// nullopt-like invalid socket if nobody came within `patience`.
[[nodiscard]] Socket accept_from(const Socket& listener, std::chrono::milliseconds patience);
[[nodiscard]] bool send_all(const Socket& socket, std::string_view bytes);
/// Up to 64 KiB; empty text: the other side closed; nullopt: nothing within `patience`.
[[nodiscard]] std::optional<std::string> receive_some(const Socket& socket, std::chrono::milliseconds patience);

struct HttpAnswer {
  int status{};
  std::string body;
};

/// One HTTP/1.1 request to 127.0.0.1; nullopt: no whole answer within `patience`.
[[nodiscard]] std::optional<HttpAnswer> http(std::uint16_t port, std::string_view method, std::string_view target,
                                             std::string_view body = {}, std::string_view extra_headers = {},
                                             std::chrono::milliseconds patience = std::chrono::milliseconds{10'000});

}  // namespace solar::test
