// The port where a program tells how it is doing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/file_descriptor.hpp"
#include "shared/http_address.hpp"
#include "shared/http_message.hpp"

namespace solar {

/// A socket that listens at an address, so that a port in use is known before anything else starts. Meanwhile
/// connections wait.
class HttpListener {
 public:
  /// Throws std::system_error, whose text names the address.
  explicit HttpListener(const HttpAddress& address);
  /// With the port that it got, where any was asked for.
  [[nodiscard]] const HttpAddress& address() const { return address_; }
  [[nodiscard]] int socket() const { return socket_.get(); }

 private:
  HttpAddress address_;
  FileDescriptor socket_;
};

/// Answers GET and HEAD, one request a connection, on one thread of its own that takes no signals. Whoever is slow
/// holds nothing up: no connection lives longer than kLifeMax, and when all are taken the oldest makes room. Takes at
/// most kConnectionsMax descriptors and, for each, kHttpHeadMaxBytes and one response of memory. Owner: the program.
class HttpServer {
 public:
  static constexpr std::size_t kConnectionsMax = 64;
  static constexpr Millis kLifeMax{10'000};

  /// Answers a path; runs on the server's thread, and must not wait. What it throws is answered with 500.
  using Handler = std::function<HttpResponse(std::string_view path)>;

  /// `listener` must outlive this.
  HttpServer(const HttpListener& listener, Handler handler);
  ~HttpServer();  ///< ends all connections
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace solar
