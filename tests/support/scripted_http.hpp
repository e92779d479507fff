// An HTTP server that does what a test says, byte for byte: also what no server should do.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/net.hpp"

namespace solar::test {

struct ScriptedRequest {
  std::string head;  ///< request line and headers as they came
  std::string body;
  std::size_t connection{};     ///< counted from 0 in the order of arrival
  std::size_t on_connection{};  ///< requests before this one on the same connection

  /// The value of a header, whatever its case; empty: there is none.
  [[nodiscard]] std::string header(std::string_view name) const;
};

struct ScriptedAnswer {
  enum class Then {
    Listen,  ///< for the next request
    Close,
    Hang,    ///< keep the connection and say nothing more
    Repeat,  ///< send `again` for ever
    Drip,    ///< the same, a pause after each
  };

  std::string bytes;
  Then then{Then::Listen};
  std::string again{};
  bool byte_by_byte{};  ///< `bytes`, each in a segment of its own
};

/// "HTTP/1.1 503 x", the given header lines (each with its line end), a Content-Length and the body.
[[nodiscard]] ScriptedAnswer http_answer(int status, std::string_view headers = {}, std::string_view body = {});

/// Serves at 127.0.0.1 from the constructor to the destructor, one thread per connection. `script` runs on those
/// threads, one call at a time.
class ScriptedHttp {
 public:
  using Script = std::function<ScriptedAnswer(const ScriptedRequest&)>;

  explicit ScriptedHttp(Script script);
  ~ScriptedHttp();
  ScriptedHttp(const ScriptedHttp&) = delete;
  ScriptedHttp& operator=(const ScriptedHttp&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/api/solar"; }
  [[nodiscard]] std::vector<ScriptedRequest> requests() const;

 private:
  void accept_all();
  void serve(Socket socket, std::size_t connection);
  [[nodiscard]] ScriptedAnswer answer_to(const ScriptedRequest& request);
  [[nodiscard]] bool finish(const Socket& socket, const ScriptedAnswer& answer);

  Script script_;
  std::uint16_t port_;
  Socket listener_;
  std::atomic<bool> stop_{};
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;
  std::vector<std::thread> connections_;  // used by the accepting thread alone, and after its end
  std::thread acceptor_;
};

}  // namespace solar::test
