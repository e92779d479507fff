#include "forwarder/http_sink.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <stdexcept>
#include <utility>

#include "forwarder/http_sink_exchange.hpp"
#include "forwarder/http_token.hpp"
#include "shared/tls_files.hpp"

namespace solar {
namespace {

using http_sink::Exchange;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
}  // namespace

/// All requests: those under way, and handles that wait for the next.
class HttpSink::Requests {
 public:
  Requests(HttpSinkOptions options, const Clock& clock);
  ~Requests();
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  [[nodiscard]] std::size_t room() const { return options_.max_open - open_; }
  void send(const Parcel& parcel);
  [[nodiscard]] std::vector<Completion> poll(Millis wait);
  void wake() { curl_multi_wakeup(multi_.get()); }

 private:
  [[nodiscard]] Exchange& idle_exchange();
  void look_at_files(Millis steady);
  void perform();
  void collect();

  HttpSinkOptions options_;
  const Clock& clock_;
  http_sink::Address address_;
  BearerToken token_;
  std::optional<std::string> files_problem_;
  std::optional<Millis> looked_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  // made when first needed
  std::vector<Exchange*> idle_;
  std::size_t open_{};
  bool unstarted_{};  ///< requests were added since curl ran
  std::vector<Completion> completions_;
};

HttpSink::Requests::Requests(HttpSinkOptions options, const Clock& clock)
    : options_{std::move(options)},
      clock_{clock},
      address_{http_sink::address_of(options_.url)},
      token_{options_.token_file} {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_.reset(curl_multi_init());
  if (started != CURLE_OK || !multi_) throw std::runtime_error{"curl cannot start"};
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_open));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options_.max_open));
}

HttpSink::Requests::~Requests() {
  for (const auto& exchange : exchanges_) curl_multi_remove_handle(multi_.get(), exchange->easy());
}

Exchange& HttpSink::Requests::idle_exchange() {
  if (idle_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>(options_, address_));
    return *exchanges_.back();
  }
  auto* const exchange = idle_.back();
  idle_.pop_back();
  return *exchange;
}

void HttpSink::Requests::look_at_files(Millis steady) {
  token_.look(steady);
  if (looked_ && steady - *looked_ < BearerToken::kLookInterval) return;
  looked_ = steady;
  files_problem_ =
      tls_files_problem({.ca = options_.ca_file, .certificate = options_.certificate_file, .key = options_.key_file});
}

void HttpSink::Requests::send(const Parcel& parcel) {
  assert(room() > 0);
  look_at_files(clock_.now().steady);
  if (const auto& problem = token_.problem() ? token_.problem() : files_problem_) {
    completions_.push_back({parcel.row, Unavailable{Cause::Misconfigured, *problem, std::nullopt}});
    return;
  }
  auto& exchange = idle_exchange();
  exchange.prepare(parcel, token_);
  if (const auto code = curl_multi_add_handle(multi_.get(), exchange.easy()); code != CURLM_OK) {
    throw std::runtime_error{std::string{"curl: "} + curl_multi_strerror(code)};
  }
  ++open_;
  unstarted_ = true;
}

std::vector<Completion> HttpSink::Requests::poll(Millis wait) {
  if (unstarted_) perform();
  if (completions_.empty()) {
    const auto limit = std::clamp<Millis::rep>(wait.count(), 0, 3'600'000);
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(limit), nullptr);
    perform();
  }
  return std::exchange(completions_, {});
}

void HttpSink::Requests::perform() {
  unstarted_ = false;
  int running{};
  if (const auto code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK) {
    throw std::runtime_error{std::string{"curl: "} + curl_multi_strerror(code)};
  }
  collect();
}

void HttpSink::Requests::collect() {
  int left{};
  while (const auto* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto result = message->data.result;  // the message dies with the handle's removal
    auto* const easy = message->easy_handle;
    Exchange* exchange{};
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, reinterpret_cast<char**>(&exchange));
    completions_.push_back({exchange->row(), exchange->outcome(result, options_.api_conflict, clock_.now().wall)});
    curl_multi_remove_handle(multi_.get(), easy);
    idle_.push_back(exchange);
    --open_;
  }
}

std::string http_library_version() { return curl_version_info(CURLVERSION_NOW)->version; }

HttpSink::HttpSink(HttpSinkOptions options, const Clock& clock)
    : requests_{std::make_unique<Requests>(std::move(options), clock)} {}
HttpSink::~HttpSink() = default;
std::size_t HttpSink::room() const { return requests_->room(); }
void HttpSink::send(std::span<const Parcel> batch) {
  assert(batch.size() == 1);
  requests_->send(batch.front());
}
std::vector<Completion> HttpSink::poll(Millis wait) { return requests_->poll(wait); }
void HttpSink::wake() { requests_->wake(); }

}  // namespace solar
