#include "tests/support/tcp_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/net.hpp"

namespace solar::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeldMaxBytes = 256 * 1024;  ///< per direction; past it, the sender has to wait
constexpr std::chrono::milliseconds kTick{5};

// Bytes on their way in one direction.
struct Direction {
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  std::deque<Piece> held;
  std::size_t held_bytes{};

  [[nodiscard]] bool has_room() const { return held_bytes < kHeldMaxBytes; }
  [[nodiscard]] bool due(Clock::time_point now) const { return !held.empty() && held.front().due <= now; }
};

struct Link {
  std::array<Socket, 2> ends;        // client, target
  std::array<Direction, 2> towards;  // towards[i] goes out at ends[i]
  bool answered{};
};

// False once the other side is gone.
bool read_piece(Link& link, std::size_t from, std::chrono::milliseconds delay, std::atomic<std::uint64_t>& counter) {
  std::string bytes(64 * 1024, '\0');
  const ssize_t got = ::recv(link.ends[from].fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  bytes.resize(static_cast<std::size_t>(got));
  counter += bytes.size();
  Direction& out = link.towards[1 - from];
  out.held_bytes += bytes.size();
  out.held.push_back({Clock::now() + delay, std::move(bytes)});
  return true;
}

bool write_pieces(Link& link, std::size_t to) {
  Direction& out = link.towards[to];
  while (out.due(Clock::now())) {
    std::string& bytes = out.held.front().bytes;
    const ssize_t sent = ::send(link.ends[to].fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (sent <= 0) return false;
    out.held_bytes -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (bytes.empty()) out.held.pop_front();
  }
  return true;
}

}  // namespace

class TcpProxy::State {
 public:
  explicit State(std::uint16_t target_port)
      : target{target_port}, port_{free_port()}, listener_{listen_on(port_)}, thread_{[this] { serve(); }} {}
  ~State() {
    stopping = true;
    thread_.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  std::atomic<std::uint16_t> target;
  std::atomic<bool> stopping{};
  std::atomic<bool> cutting{};
  std::atomic<bool> refusing{};
  std::atomic<bool> stalling{};
  std::atomic<std::int64_t> delay_ms{};
  std::atomic<std::uint64_t> connections{};
  std::atomic<std::uint64_t> answered{};
  std::array<std::atomic<std::uint64_t>, 2> bytes_from{};  // client, target

 private:
  void serve() {
    while (!stopping) {
      if (cutting.exchange(false) || refusing) links_.clear();
      wait_for_something();
      take_clients();
      if (!stalling) links_.remove_if([this](Link& link) { return !pump(link); });
    }
  }

  void wait_for_something() {
    std::vector<pollfd> wanted{{listener_.fd(), POLLIN, 0}};
    if (!stalling) {
      for (const Link& link : links_) {
        for (std::size_t end = 0; end < 2; ++end) wanted.push_back({link.ends[end].fd(), interest(link, end), 0});
      }
    }
    ::poll(wanted.data(), wanted.size(), static_cast<int>(kTick.count()));
  }

  static short interest(const Link& link, std::size_t end) {
    const int reads = link.towards[1 - end].has_room() ? POLLIN : 0;
    const int writes = link.towards[end].due(Clock::now()) ? POLLOUT : 0;
    return static_cast<short>(reads | writes);
  }

  void take_clients() {
    Socket client = accept_from(listener_, std::chrono::milliseconds{0});
    if (!client.valid() || refusing) return;
    Socket server = connect_to(target);
    if (!server.valid()) return;
    ++connections;
    links_.push_back(Link{{std::move(client), std::move(server)}, {}, false});
  }

  bool pump(Link& link) {
    for (std::size_t end = 0; end < 2; ++end) {
      const bool may_read = link.towards[1 - end].has_room();
      if (may_read && !read_piece(link, end, std::chrono::milliseconds{delay_ms.load()}, bytes_from[end])) {
        write_pieces(link, 1 - end);  // what came before the end still counts
        return false;
      }
    }
    if (!link.answered && !link.towards[0].held.empty()) {
      link.answered = true;
      ++answered;
    }
    return write_pieces(link, 0) && write_pieces(link, 1);
  }

  std::uint16_t port_;
  Socket listener_;
  std::list<Link> links_;
  std::thread thread_;  // last: it uses all of the above
};

TcpProxy::TcpProxy(std::uint16_t target) : state_{std::make_unique<State>(target)} {}
TcpProxy::~TcpProxy() = default;

std::uint16_t TcpProxy::port() const { return state_->port(); }

TcpProxy::Traffic TcpProxy::traffic() const {
  return {state_->bytes_from[0], state_->bytes_from[1], state_->connections, state_->answered};
}

void TcpProxy::retarget(std::uint16_t target) {
  state_->target = target;
  cut();
}
void TcpProxy::cut() { state_->cutting = true; }
void TcpProxy::refuse(bool on) { state_->refusing = on; }
void TcpProxy::stall(bool on) { state_->stalling = on; }
void TcpProxy::delay(std::chrono::milliseconds each) { state_->delay_ms = each.count(); }

}  // namespace solar::test
