// Central, over HTTP. http_sink*.cpp are the only files that know curl.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "forwarder/http_mapping.hpp"
#include "shared/clock.hpp"
#include "shared/sink.hpp"

namespace solar {

struct HttpSinkOptions {
  std::string url{"http://central-server:8000/api/solar"};  ///< http:// or https://
  Millis request_timeout{15'000};                           ///< from the start of a request to the end of its answer
  std::string token_file;        ///< bearer token, read again when the file changes; empty: none
  std::string ca_file;           ///< empty: the system's CAs
  std::string certificate_file;  ///< of this client; empty: none
  std::string key_file;
  ApiConflict api_conflict{ApiConflict::Retry};
  std::size_t max_open{64};  ///< requests at a time
};

/// POSTs one reading per request: the body is the reading, byte for byte, the header Idempotency-Key its key. Redirects
/// are not followed. Of an answer at most kHeadMaxBytes and kBodyMaxBytes are read, and kBodyKeptBytes kept; a 2xx
/// counts once its body has ended or is longer than that. Connections are used again, each for kConnectionAge at most,
/// so that a new address of central is found.
///
/// Owner: the program; Threads: as Sink says. A request that hangs never blocks: everything runs within `poll`.
class HttpSink final : public Sink {
 public:
  static constexpr std::size_t kHeadMaxBytes = 64 * 1024;
  static constexpr std::size_t kBodyMaxBytes = 64 * 1024;
  static constexpr std::size_t kBodyKeptBytes = 1024;
  static constexpr Millis kConnectTimeout{10'000};  ///< or request_timeout, if that is shorter
  static constexpr Millis kConnectionAge{60'000};

  /// Throws std::invalid_argument if the url is none, std::runtime_error if curl cannot start. `clock` must outlive
  /// this.
  HttpSink(HttpSinkOptions options, const Clock& clock);
  ~HttpSink() override;
  HttpSink(const HttpSink&) = delete;
  HttpSink& operator=(const HttpSink&) = delete;

  [[nodiscard]] std::size_t room() const override;
  /// REQUIRES: also, one reading.
  void send(std::span<const Parcel> batch) override;
  [[nodiscard]] std::vector<Completion> poll(Millis wait) override;
  void wake() override;

 private:
  class Requests;
  std::unique_ptr<Requests> requests_;
};

/// Why `url` is not one that readings can be POSTed to. Never shows a password.
[[nodiscard]] std::optional<Problem> central_url_problem(const std::string& url);

/// Of the curl library that runs.
[[nodiscard]] std::string http_library_version();

}  // namespace solar
