// A central in the test's own process: answers 200 and tells the moment at which each reading was answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace solar::test {

/// HTTP/1.1 on loopback, one thread, connections kept alive. Until its end.
class HttpSink {
 public:
  using Clock = std::chrono::steady_clock;
  /// Called on the sink's thread right after an answer was written.
  using OnPost = std::function<void(std::string_view body, Clock::time_point when)>;

  HttpSink(std::uint16_t port, OnPost on_post);
  ~HttpSink();
  HttpSink(const HttpSink&) = delete;
  HttpSink& operator=(const HttpSink&) = delete;

  [[nodiscard]] std::uint64_t posts() const;  ///< any thread

 private:
  class State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] inline std::string api_url(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port) + "/api/solar";
}

}  // namespace solar::test
