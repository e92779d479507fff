#include "shared/control_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

namespace solar {
namespace {

constexpr std::size_t kConnectionsMax = 16;
constexpr std::size_t kRequestMaxBytes = 16 * 1024;
constexpr std::size_t kAnswerLineMaxBytes = 1024 * 1024;
constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw std::system_error{errno, std::system_category(), path.string()};
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

/// A path that fits into a socket address, whatever the length of the one that `file` was opened by.
std::string short_path(const FileDescriptor& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

FileDescriptor new_socket() {
  FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket.valid()) fail("socket");
  return socket;
}

/// Limits how long sending waits for a peer that does not read (or a connect for one that does not accept).
void limit_sending(const FileDescriptor& socket) {
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool send_line(const FileDescriptor& socket, std::string_view line) {
  std::string bytes{line};
  bytes += '\n';
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool wait_readable(const FileDescriptor& socket, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    const auto wait = std::clamp<Millis::rep>(left.count(), 0, 3'600'000);
    pollfd file{socket.get(), POLLIN, 0};
    const int ready = ::poll(&file, 1, static_cast<int>(wait));
    if (ready > 0) return true;
    if (ready < 0 ? errno != EINTR : left.count() <= wait) return false;
  }
}

/// The next line from `socket`, without its end; what follows it stays in `buffered`.
std::optional<std::string> receive_line(const FileDescriptor& socket, std::string& buffered, std::size_t max_bytes,
                                        Millis wait) {
  const auto deadline = std::chrono::steady_clock::now() + std::min<Millis>(wait, std::chrono::days{1});
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = buffered.find('\n', searched);
    if (end != std::string::npos) {
      if (end > max_bytes) return std::nullopt;
      std::string line = buffered.substr(0, end);
      buffered.erase(0, end + 1);
      return line;
    }
    searched = buffered.size();
    if (buffered.size() > max_bytes || !wait_readable(socket, deadline)) return std::nullopt;
    std::array<char, 4096> chunk{};
    const ssize_t received = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return std::nullopt;
    buffered.append(chunk.data(), static_cast<std::size_t>(received));
  }
}

/// A listening socket that appears at `path` at once with its mode, in place of whatever stood there.
FileDescriptor listen_at(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const FileDescriptor opened_folder{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!opened_folder.valid()) fail(folder);
  const std::string name = ".socket-" + std::to_string(std::random_device{}());
  FileDescriptor socket = new_socket();
  // Before bind, which gives this mode to the file: there is no moment at which others may connect.
  if (::fchmod(socket.get(), 0600) != 0) fail(path);
  const sockaddr_un address = address_of(short_path(opened_folder) + "/" + name);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail(path);
  if (::listen(socket.get(), kConnectionsMax) != 0 ||
      ::renameat(opened_folder.get(), name.c_str(), AT_FDCWD, path.c_str()) != 0) {
    const int error = errno;
    ::unlinkat(opened_folder.get(), name.c_str(), 0);
    errno = error;
    fail(path);
  }
  return socket;
}

}  // namespace

class ControlServer::State {
 public:
  State(std::filesystem::path path, Handler handler)
      : path_{std::move(path)}, handler_{std::move(handler)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (!wake_.valid()) fail("eventfd");
    listener_ = listen_at(path_);
    acceptor_ = std::thread{[this] { accept_until_stopped(); }};
  }

  ~State() {
    stopping_ = true;
    wake();
    acceptor_.join();
    ::unlink(path_.c_str());
    for (const auto& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
    for (auto& connection : connections_) connection.thread.join();
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

 private:
  struct Connection {
    FileDescriptor socket;
    std::atomic<bool> ended{};
    std::thread thread;
  };

  void wake() const { (void)::eventfd_write(wake_.get(), 1); }

  /// The only user of `connections_` until it has ended.
  void accept_until_stopped() {
    while (!stopping_) {
      const bool room = connections_.size() < kConnectionsMax;
      std::array<pollfd, 2> files{{{wake_.get(), POLLIN, 0}, {room ? listener_.get() : -1, POLLIN, 0}}};
      ::poll(files.data(), files.size(), -1);
      eventfd_t value{};
      (void)::eventfd_read(wake_.get(), &value);
      remove_ended();
      if (files[1].revents != 0 && !stopping_) accept_one();
    }
  }

  void accept_one() {
    FileDescriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!socket.valid()) {
      // Out of descriptors, most likely: the client stays in the backlog until one is free.
      pollfd file{wake_.get(), POLLIN, 0};
      ::poll(&file, 1, 100);
      return;
    }
    limit_sending(socket);
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.thread = std::thread{[this, &connection] { answer(connection); }};
  }

  void answer(Connection& connection) {
    std::string buffered;
    if (const auto request = receive_line(connection.socket, buffered, kRequestMaxBytes, kPatience)) {
      try {
        handler_(*request, [&](std::string_view line) { return send_line(connection.socket, line); });
      } catch (const std::exception&) {
        send_line(connection.socket, R"({"error":"the request was not understood","status":1})");
      }
    }
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    connection.ended = true;
    wake();
  }

  void remove_ended() {
    connections_.remove_if([](Connection& connection) {
      if (!connection.ended) return false;
      connection.thread.join();
      return true;
    });
  }

  std::filesystem::path path_;
  Handler handler_;
  FileDescriptor wake_;
  FileDescriptor listener_;
  std::atomic<bool> stopping_{};
  std::list<Connection> connections_;
  std::thread acceptor_;
};

ControlServer::ControlServer(std::filesystem::path path, Handler handler)
    : state_{std::make_unique<State>(std::move(path), std::move(handler))} {}
ControlServer::~ControlServer() = default;

std::optional<ControlClient> ControlClient::connect(const std::filesystem::path& path) {
  const FileDescriptor file{::open(path.c_str(), O_PATH | O_CLOEXEC)};
  if (!file.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail(path);
  }
  FileDescriptor socket = new_socket();
  limit_sending(socket);
  const sockaddr_un address = address_of(short_path(file));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ECONNREFUSED) return std::nullopt;
    fail(path);
  }
  return ControlClient{std::move(socket)};
}

bool ControlClient::write_line(std::string_view line) { return send_line(socket_, line); }

std::optional<std::string> ControlClient::read_line(Millis wait) {
  return receive_line(socket_, buffered_, kAnswerLineMaxBytes, wait);
}

}  // namespace solar
