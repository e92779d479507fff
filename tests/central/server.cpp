#include "tests/central/server.hpp"

#include <httplib.h>

#include <atomic>
#include <thread>

#include "tests/central/tls.hpp"
#include "tests/central/wire.hpp"

namespace solar::central {
namespace {

// A connection that is kept alive holds a thread: more than the forwarders' 64 requests each, at once.
constexpr std::size_t kThreads = 256;
constexpr std::size_t kPageRows = 500;
constexpr std::chrono::milliseconds kLastAnswers{2'000};
constexpr const char* kJson = "application/json";

/// The library's own choice is SO_REUSEPORT: a second server on the same port takes half of the requests, and one
/// cannot start for a minute where another's connections have just ended.
void listen_alone(socket_t socket) {
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

void answer(httplib::Response& response, int status, const std::string& body) {
  response.status = status;
  response.set_content(body, kJson);
}

void answer_wrong(httplib::Response& response, int status, std::string_view reason) {
  answer(response, status, error_json(reason));
}

// Counts requests that are being answered.
class Busy {
 public:
  explicit Busy(std::atomic<int>& count) : count_{count} { ++count_; }
  ~Busy() { --count_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

class Server::State {
 public:
  State(ServerOptions options, Store& store)
      : options_{std::move(options)}, store_{store}, server_{make_server(options_.tls)} {
    http_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http_.set_payload_max_length(kBodyMaxBytes);
    http_.set_keep_alive_max_count(1'000'000'000);
    http_.set_keep_alive_timeout(75);
    http_.set_tcp_nodelay(true);
    http_.set_socket_options(listen_alone);
    route();
  }

  bool serve() { return http_.listen(options_.host, options_.port); }

  void stop() {
    http_.stop();
    const auto deadline = std::chrono::steady_clock::now() + kLastAnswers;
    while (busy_ > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

 private:
  void route() {
    using Request = httplib::Request;
    using Response = httplib::Response;
    http_.set_error_handler([](const Request&, Response& response) {
      if (!response.body.empty()) return;
      answer_wrong(response, response.status,
                   response.status == 413 ? "the body is over 16 KiB" : "there is nothing here");
    });
    // Whoever asks only for health needs no name and no token.
    http_.Get("/healthz", [](const Request&, Response& response) { answer(response, 200, "{}"); });
    post("/api/solar", [this](const Request& request, Response& response) { take(request, response); });
    get("/api/solar", [this](const Request& request, Response& response) { list(request, response); });
    get("/api/solar/count", [this](const Request&, Response& response) { count(response); });
    if (!options_.test_control) return;
    post("/test/fault", [this](const Request& request, Response& response) {
      if (!faults_.set(request.body)) return answer_wrong(response, 400, "not a fault");
      answer(response, 200, "{}");
    });
  }

  void post(const char* path, httplib::Server::Handler handler) { http_.Post(path, for_members(std::move(handler))); }
  void get(const char* path, httplib::Server::Handler handler) { http_.Get(path, for_members(std::move(handler))); }

  // No handler before the routing: it answers before the body was read, which then counts as the next request.
  httplib::Server::Handler for_members(httplib::Server::Handler handler) const {
    return [this, handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
      if (!turned_away(request, response)) handler(request, response);
    };
  }

  bool turned_away(const httplib::Request& request, httplib::Response& response) const {
    if (!options_.client.empty() && client_name(request) != options_.client) {
      answer_wrong(response, 403, "this certificate's name may not come here");
      return true;
    }
    if (options_.token.empty() || request.get_header_value("Authorization") == "Bearer " + options_.token) return false;
    answer_wrong(response, 401, "the bearer token is missing or wrong");
    return true;
  }

  void take(const httplib::Request& request, httplib::Response& response) {
    const Busy busy{busy_};
    ++posts_;
    auto village = village_of(request.body);
    const std::string* name = std::get_if<std::string>(&village);
    const auto fault = faults_.next(name == nullptr ? std::string_view{} : std::string_view{*name});
    if (fault && fail(*fault, request, name, response)) return;
    if (name == nullptr) return answer_wrong(response, 400, std::get<Wrong>(village).reason);
    store(request, *name, response);
  }

  // True if the fault has answered.
  bool fail(const Fault& fault, const httplib::Request& request, const std::string* village,
            httplib::Response& response) {
    std::this_thread::sleep_for(fault.delay);
    if (fault.status == 0) return false;
    if (fault.store_before && village != nullptr) store(request, *village, response);
    response.headers.erase("Content-Type");
    answer_wrong(response, fault.status, "a fault on purpose");
    if (!fault.retry_after.empty()) response.set_header("Retry-After", fault.retry_after);
    return true;
  }

  void store(const httplib::Request& request, const std::string& village, httplib::Response& response) {
    std::string key = key_of(request.get_header_value("Idempotency-Key"), request.body);
    if (key.size() > kKeyMaxBytes) return answer_wrong(response, 400, "the Idempotency-Key is over 512 bytes");
    switch (store_.put({std::move(key), village, request.body})) {
      case Stored::New:
        return answer(response, 201, R"({"stored":true})");
      case Stored::Again:
        ++duplicates_;
        return answer(response, 200, R"({"stored":false,"why":"it was here before"})");
      case Stored::Different:
        ++differences_;
        return answer_wrong(response, 422, "this Idempotency-Key came with another body before");
      case Stored::Failed:
        return answer_wrong(response, 503, "cannot store now");
    }
  }

  void list(const httplib::Request& request, httplib::Response& response) {
    auto chosen = selection(request.get_param_value("village"), request.get_param_value("since"));
    if (!chosen) return answer_wrong(response, 400, "since is neither a number n nor a time like 2026-01-28T10:15:00Z");
    response.set_chunked_content_provider("application/x-ndjson",
                                          [this, next = *chosen](std::size_t, httplib::DataSink& sink) mutable {
                                            std::string lines;
                                            const std::vector<Row> rows = store_.page(next, kPageRows);
                                            for (const Row& row : rows) lines += to_line(row);
                                            if (!rows.empty()) next.after_n = rows.back().n;
                                            if (!lines.empty() && !sink.write(lines.data(), lines.size())) return false;
                                            if (rows.size() < kPageRows) sink.done();
                                            return true;
                                          });
  }

  void count(httplib::Response& response) const {
    answer(response, 200,
           R"({"readings":)" + std::to_string(store_.count()) + R"(,"posts":)" + std::to_string(posts_.load()) +
               R"(,"duplicates":)" + std::to_string(duplicates_.load()) + R"(,"differences":)" +
               std::to_string(differences_.load()) + "}");
  }

  ServerOptions options_;
  Store& store_;
  Faults faults_;
  std::unique_ptr<httplib::Server> server_;
  httplib::Server& http_{*server_};
  std::atomic<int> busy_{};
  std::atomic<std::uint64_t> posts_{};
  std::atomic<std::uint64_t> duplicates_{};
  std::atomic<std::uint64_t> differences_{};
};

Server::Server(ServerOptions options, Store& store) : state_{std::make_unique<State>(std::move(options), store)} {}
Server::~Server() = default;

bool Server::serve() { return state_->serve(); }
void Server::stop() { state_->stop(); }

}  // namespace solar::central
