#include "shared/http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <list>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "shared/log.hpp"

namespace solar {
namespace {

using std::chrono::steady_clock;

constexpr int kBacklog = 1'024;  // whoever finds no place tries again after a second: a probe has given up by then
constexpr int kAcceptedAtOnce = 16;
constexpr std::size_t kReadAtOnceBytes = 4096;
constexpr std::size_t kIgnoredMaxBytes = 64 * 1024;  // of what comes behind a request
constexpr Millis kGoodbye{1'000};                    ///< for the client to end a connection that has its answer
constexpr Millis kNoFilesPause{1'000};               ///< without accepting, where this process has too many files open

[[noreturn]] void fail(const HttpAddress& address) {
  throw std::system_error{errno, std::system_category(), "cannot listen at " + to_string(address)};
}

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

SocketAddress socket_address(const HttpAddress& address) {
  SocketAddress to{};
  if (::inet_pton(AF_INET, address.host.c_str(), &to.v4.sin_addr) == 1) {
    to.v4.sin_family = AF_INET;
    to.v4.sin_port = htons(address.port);
  } else {
    ::inet_pton(AF_INET6, address.host.c_str(), &to.v6.sin6_addr);
    to.v6.sin6_family = AF_INET6;
    to.v6.sin6_port = htons(address.port);
  }
  return to;
}

socklen_t size_of(const SocketAddress& address) {
  return address.any.sa_family == AF_INET ? sizeof address.v4 : sizeof address.v6;
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// One client: its request comes, then its response goes, then it may end the connection itself.
class Client {
 public:
  explicit Client(FileDescriptor socket)
      : socket_{std::move(socket)}, ends_at_{steady_clock::now() + HttpServer::kLifeMax} {}

  [[nodiscard]] pollfd wish() const {
    const bool writing = !answered() ? false : written_ < response_.size();
    return {.fd = socket_.get(), .events = static_cast<short>(writing ? POLLOUT : POLLIN), .revents = 0};
  }
  [[nodiscard]] steady_clock::time_point ends_at() const { return ends_at_; }

  /// Goes on as far as that is possible without waiting; false: it is over.
  bool go_on(const HttpServer::Handler& handler) {
    if (!answered() && !read(handler)) return false;
    if (!answered()) return true;
    return write() && (written_ < response_.size() || ignore_the_rest());
  }

 private:
  [[nodiscard]] bool answered() const { return !response_.empty(); }

  bool read(const HttpServer::Handler& handler) {
    std::array<char, kReadAtOnceBytes> bytes{};
    while (!answered()) {
      const ssize_t length = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (length < 0) return would_block();
      if (length == 0) return false;
      request_.append(bytes.data(), static_cast<std::size_t>(length));
      answer(handler);
    }
    return true;
  }

  void answer(const HttpServer::Handler& handler) {
    const auto asked = read_request(request_);
    if (const auto* request = std::get_if<HttpRequest>(&asked)) {
      response_ = to_bytes(handler(request->path), request->wants_body);
    } else if (const auto* complaint = std::get_if<HttpResponse>(&asked)) {
      response_ = to_bytes(*complaint, true);
    }
  }

  bool write() {
    while (written_ < response_.size()) {
      const ssize_t length =
          ::send(socket_.get(), response_.data() + written_, response_.size() - written_, MSG_NOSIGNAL);
      if (length < 0) return would_block();
      written_ += static_cast<std::size_t>(length);
    }
    if (!std::exchange(said_goodbye_, true)) {
      ::shutdown(socket_.get(), SHUT_WR);
      ends_at_ = std::min(ends_at_, steady_clock::now() + kGoodbye);
    }
    return true;
  }

  /// Closing while something is unread would reset the connection, and the client might never see its answer.
  bool ignore_the_rest() {
    std::array<char, kReadAtOnceBytes> bytes{};
    const ssize_t length = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (length <= 0) return length < 0 && would_block();
    ignored_ += static_cast<std::size_t>(length);
    return ignored_ <= kIgnoredMaxBytes;
  }

  FileDescriptor socket_;
  steady_clock::time_point ends_at_;
  std::string request_;
  std::string response_;
  std::size_t written_{};
  std::size_t ignored_{};
  bool said_goodbye_{};
};

HttpResponse answered_safely(const HttpServer::Handler& handler, std::string_view path) {
  try {
    return handler(path);
  } catch (const std::exception& error) {
    log::limited(log::Level::Error, "a status page failed", {{"path", path}, {"error", error.what()}});
    return {.status = 500, .body = "this page failed; see the log\n", .content_type = HttpResponse{}.content_type};
  }
}

}  // namespace

HttpListener::HttpListener(const HttpAddress& address) : address_{address} {
  SocketAddress to = socket_address(address);
  socket_ = FileDescriptor{::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket_.valid()) fail(address);
  const int on = 1;  // connections of a process before us may still linger
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket_.get(), &to.any, size_of(to)) != 0 || ::listen(socket_.get(), kBacklog) != 0) fail(address);
  socklen_t length = size_of(to);
  if (::getsockname(socket_.get(), &to.any, &length) != 0) fail(address);
  address_.port = ntohs(to.any.sa_family == AF_INET ? to.v4.sin_port : to.v6.sin6_port);
}

class HttpServer::State {
 public:
  State(const HttpListener& listener, Handler handler)
      : listener_{listener},
        handler_{[page = std::move(handler)](std::string_view path) { return answered_safely(page, path); }},
        end_{::eventfd(0, EFD_CLOEXEC)} {
    if (!end_.valid()) throw std::system_error{errno, std::system_category(), "eventfd"};
    // A thread inherits its signals from who starts it: the program's are for the program.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread{[this] { run(); }};
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~State() {
    (void)::eventfd_write(end_.get(), 1);
    thread_.join();
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

 private:
  void run() {
    while (true) {
      try {
        if (!turn()) return;
      } catch (const std::exception& error) {  // out of memory: whoever asks, the courier comes first
        clients_.clear();
        log::limited(log::Level::Error, "the status port had to end its connections", {{"error", error.what()}});
      }
    }
  }

  /// False: the end.
  bool turn() {
    std::vector<pollfd> files{{.fd = end_.get(), .events = POLLIN, .revents = 0},
                              {.fd = paused_until_ ? -1 : listener_.socket(), .events = POLLIN, .revents = 0}};
    for (const Client& client : clients_) files.push_back(client.wish());
    ::poll(files.data(), files.size(), poll_timeout());
    if (files[0].revents != 0) return false;
    const auto now = steady_clock::now();
    std::size_t file = 2;
    for (auto client = clients_.begin(); client != clients_.end(); ++file) {
      const bool over = client->ends_at() <= now || (files[file].revents != 0 && !client->go_on(handler_));
      client = over ? clients_.erase(client) : std::next(client);
    }
    if (paused_until_ && *paused_until_ <= now) paused_until_.reset();
    if (files[1].revents != 0) accept_some();
    return true;
  }

  [[nodiscard]] int poll_timeout() const {
    std::optional<steady_clock::time_point> first = paused_until_;
    for (const Client& client : clients_) first = first ? std::min(*first, client.ends_at()) : client.ends_at();
    if (!first) return -1;
    return static_cast<int>(std::max<Millis::rep>(std::chrono::ceil<Millis>(*first - steady_clock::now()).count(), 0));
  }

  void accept_some() {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      FileDescriptor socket{::accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
      if (!socket.valid()) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        clients_.clear();
        paused_until_ = steady_clock::now() + kNoFilesPause;
        return;
      }
      if (clients_.size() == kConnectionsMax) clients_.pop_front();  // the oldest
      clients_.emplace_back(std::move(socket));
    }
  }

  const HttpListener& listener_;
  Handler handler_;
  FileDescriptor end_;
  std::list<Client> clients_;  ///< in the order of their coming
  std::optional<steady_clock::time_point> paused_until_;
  std::thread thread_;
};

HttpServer::HttpServer(const HttpListener& listener, Handler handler)
    : state_{std::make_unique<State>(listener, std::move(handler))} {}
HttpServer::~HttpServer() = default;

}  // namespace solar
