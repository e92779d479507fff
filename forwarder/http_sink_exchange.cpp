#include "forwarder/http_sink_exchange.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "shared/tls_files.hpp"

namespace solar::http_sink {
namespace {

// Of OpenSSL's X509_V_ERR_*, as curl hands them on.
constexpr long kNotYetValid = 9;
constexpr long kExpired = 10;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (const auto code = curl_easy_setopt(easy, option, value); code != CURLE_OK) {
    throw std::runtime_error{std::string{"curl: "} + curl_easy_strerror(code)};
  }
}

void set_file(CURL* easy, CURLoption option, const std::string& file) {
  if (!file.empty()) set(easy, option, file.c_str());
}

TransportFault fault_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransportFault::Unresolvable;
    case CURLE_COULDNT_CONNECT:
      return TransportFault::NoConnection;
    case CURLE_OPERATION_TIMEDOUT:
      return TransportFault::Timeout;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return TransportFault::Closed;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR:
      return TransportFault::NotHttp;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CLIENTCERT:
      return TransportFault::Tls;
    default:
      return TransportFault::Local;
  }
}

}  // namespace

Exchange::Exchange(const HttpSinkOptions& options, const Address& address)
    : options_{options}, address_{address}, easy_{curl_easy_init()} {
  if (!easy_) throw std::runtime_error{"curl: no handle"};
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_URL, options.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(easy, CURLOPT_USERAGENT, "solar-forwarder");
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");  // none, whatever the environment says: its 2xx would count as central's
  set(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  // Else curl would wait, at the end of a request, for the thread that still looks up central's name.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.request_timeout.count()));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::min(options.request_timeout, HttpSink::kConnectTimeout).count()));
  set(easy, CURLOPT_MAXLIFETIME_CONN, static_cast<long>(HttpSink::kConnectionAge.count() / 1000));
  // Files that have changed count from the next connection on: nothing of an earlier handshake is kept.
  set(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  set(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  set(easy, CURLOPT_BUFFERSIZE, 4096L);  // answers are short, and there are max_open of these
  set(easy, CURLOPT_ERRORBUFFER, error_.data());
  set(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_head);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
  // A CA file stands for all: curl would go on trusting the system's folder of CAs beside it.
  set_file(easy, CURLOPT_CAINFO, options.ca_file);
  if (!options.ca_file.empty()) set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set_file(easy, CURLOPT_SSLCERT, options.certificate_file);
  set_file(easy, CURLOPT_SSLKEY, options.key_file);

  headers_[0] = {content_type_.data(), &headers_[1]};
  headers_[1] = {no_expect_.data(), &headers_[2]};
  headers_[2] = {nullptr, nullptr};
  set(easy, CURLOPT_HTTPHEADER, headers_.data());
}

void Exchange::prepare(const Parcel& parcel, const BearerToken& token) {
  row_ = parcel.row;
  request_.assign(parcel.body);
  answer_.clear();
  head_bytes_ = 0;
  head_ended_ = false;
  body_bytes_ = 0;
  error_[0] = '\0';

  key_header_.assign("Idempotency-Key: \"");
  key_header_.append(idempotency_key(parcel.origin, parcel.id ? *parcel.id : to_string(parcel.row), parcel.crc));
  key_header_.push_back('"');
  if (token.generation() != token_generation_) {
    token_header_ = token.header();
    token_generation_ = token.generation();
  }
  headers_[2] = {key_header_.data(), token_header_.empty() ? nullptr : &headers_[3]};
  headers_[3] = {token_header_.data(), nullptr};

  set(easy_.get(), CURLOPT_POSTFIELDS, request_.data());
  set(easy_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.size()));
}

std::size_t Exchange::on_body(const char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto length = size * count;
  exchange.body_bytes_ += length;
  exchange.answer_.append(
      bytes, std::min(length, HttpSink::kBodyKeptBytes - std::min(HttpSink::kBodyKeptBytes, exchange.answer_.size())));
  return exchange.body_bytes_ > HttpSink::kBodyMaxBytes ? 0 : length;  // 0 ends the request
}

std::size_t Exchange::on_head(const char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto length = size * count;
  exchange.head_bytes_ += length;
  const std::string_view line{bytes, length};
  // Trailers come here too, after the head and without an empty line of their own.
  if (line.starts_with("HTTP/")) exchange.head_ended_ = false;
  if (line == "\r\n" || line == "\n") exchange.head_ended_ = true;
  return exchange.head_bytes_ > HttpSink::kHeadMaxBytes ? 0 : length;
}

Outcome Exchange::outcome(CURLcode code, ApiConflict conflict, Millis wall) {
  if (code != CURLE_OK && body_bytes_ <= HttpSink::kBodyMaxBytes) return fault(code, wall);
  if (!head_ended_) return fault(CURLE_PARTIAL_FILE, wall);  // curl is content with a status line
  long status{};
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  HttpAnswer answer{static_cast<int>(status), std::nullopt, answer_};
  curl_header* header{};
  if ((status < 200 || status > 299) &&
      curl_easy_header(easy_.get(), "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
    answer.retry_after = header->value;
  }
  return to_outcome(answer, conflict, wall);
}

/// Whether there was a connection to send the request on.
bool Exchange::request_left() {
  curl_off_t started{};
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &started);
  return started > 0;
}

/// What a person should know about a handshake that failed with curl's words `detail`.
std::string Exchange::tls_words(const std::string& detail, Millis wall) {
  long verified{};
  curl_easy_getinfo(easy_.get(), CURLINFO_SSL_VERIFYRESULT, &verified);
  auto words = "TLS to " + address_.endpoint + " failed: " + detail;
  if (verified == kNotYetValid) return words + "; the clock here says " + rfc3339(wall) + ": most likely it is late";
  if (verified == kExpired) return words + "; the clock here says " + rfc3339(wall);
  if (detail.find("wrong version number") != std::string::npos)
    return words + "; is that the port without encryption? then write http://";
  if (const auto ours = certificate_dates_problem(options_.certificate_file, wall)) return words + "; " + *ours;
  if (detail.find("certificate required") != std::string::npos) return words + "; set API_CERTIFICATE_FILE";
  const bool about_ours = detail.find("alert unknown ca") != std::string::npos ||
                          (detail.find(" alert ") != std::string::npos && detail.find("cert") != std::string::npos);
  return about_ours ? words + "; it does not take API_CERTIFICATE_FILE" : words;
}

/// What a connection that ends without a byte may mean; empty: nothing.
std::string Exchange::suspicion(CURLcode code) const {
  long connections{};
  curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &connections);
  if (head_bytes_ > 0 || connections == 0) return {};
  if (!address_.encrypted) return code == CURLE_GOT_NOTHING ? " (is that a port for TLS? then write https://)" : "";
  return options_.certificate_file.empty() ? " (it may want API_CERTIFICATE_FILE)"
                                           : " (it may not take API_CERTIFICATE_FILE)";
}

Outcome Exchange::fault(CURLcode code, Millis wall) {
  const auto detail = std::string{error_[0] != '\0' ? error_.data() : curl_easy_strerror(code)};
  // Since TLS 1.3 the other side's complaint about our certificate comes when we read.
  const bool complained = detail.find(" alert ") != std::string::npos;
  const auto kind = complained ? TransportFault::Tls : fault_of(code);
  long number{};
  switch (kind) {
    case TransportFault::Unresolvable:
      return to_outcome(kind, "host name " + address_.host + " does not resolve");
    case TransportFault::NoConnection:
      curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
      if (number == ECONNREFUSED) return to_outcome(kind, "connection refused by " + address_.endpoint);
      return to_outcome(kind, "no connection to " + address_.endpoint + ": " +
                                  (number == 0 ? detail : std::string{std::strerror(static_cast<int>(number))}));
    case TransportFault::Timeout:
      // Without a connection it is no reading's fault.
      if (!request_left())
        return to_outcome(TransportFault::NoConnection, "no connection to " + address_.endpoint + " in time");
      return to_outcome(kind, "no answer from " + address_.endpoint + " within " +
                                  std::to_string(options_.request_timeout.count()) + " ms");
    case TransportFault::Closed:
      return to_outcome(kind,
                        address_.endpoint + " closed the connection before the end of its answer" + suspicion(code));
    case TransportFault::Tls:
      return to_outcome(kind, tls_words(detail, wall));
    case TransportFault::NotHttp:
      return to_outcome(kind, address_.endpoint + " does not answer in HTTP: " + detail);
    case TransportFault::Local:
      break;
  }
  return to_outcome(TransportFault::Local, "no request to " + address_.endpoint + ": " + detail);
}

}  // namespace solar::http_sink
