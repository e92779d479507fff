// One request to central and its answer. http_sink*.cpp are the only files that know curl.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "forwarder/http_sink.hpp"
#include "forwarder/http_token.hpp"

namespace solar::http_sink {

/// Where central is, for messages to people.
struct Address {
  std::string host;
  std::string endpoint;  ///< host:port
  bool encrypted{};
};

/// Throws std::invalid_argument.
[[nodiscard]] Address address_of(const std::string& url);

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

/// One request and its answer: an easy handle that is used again and again, and all memory that curl points into
/// meanwhile. Owner: the sink, whose options and address outlive it.
class Exchange {
 public:
  Exchange(const HttpSinkOptions& options, const Address& address);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] CURL* easy() { return easy_.get(); }
  [[nodiscard]] const RowId& row() const { return row_; }
  void prepare(const Parcel& parcel, const BearerToken& token);
  [[nodiscard]] Outcome outcome(CURLcode code, ApiConflict conflict, Millis wall);

 private:
  static std::size_t on_body(const char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_head(const char* bytes, std::size_t size, std::size_t count, void* self);
  [[nodiscard]] Outcome fault(CURLcode code, Millis wall);
  [[nodiscard]] std::string suspicion(CURLcode code) const;
  [[nodiscard]] std::string tls_words(const std::string& detail, Millis wall);
  [[nodiscard]] bool request_left();

  const HttpSinkOptions& options_;
  const Address& address_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::array<char, CURL_ERROR_SIZE> error_{};

  RowId row_;
  std::string request_;
  std::string key_header_;
  std::string token_header_;
  std::uint64_t token_generation_{};
  std::string content_type_{"Content-Type: application/json"};
  std::string no_expect_{"Expect:"};
  std::array<curl_slist, 4> headers_{};  // ours, so that no request allocates a list

  std::string answer_;
  std::size_t head_bytes_{};
  bool head_ended_{};
  std::size_t body_bytes_{};
};

}  // namespace solar::http_sink
