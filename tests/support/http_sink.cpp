#include "tests/support/http_sink.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <charconv>
#include <list>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/net.hpp"

namespace solar::test {
namespace {

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

struct Client {
  Socket socket;
  std::string buffered;
};

// How many bytes the first request in `text` takes, and where its body begins.
struct Extent {
  std::size_t body_at{};
  std::size_t end{};
};

std::optional<Extent> first_request(std::string_view text) {
  static constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  const std::size_t length_at = text.substr(0, head_end).find(kLength);
  std::size_t length = 0;
  if (length_at != std::string_view::npos) {
    const char* digits = text.data() + length_at + kLength.size();
    std::from_chars(digits, text.data() + head_end, length);
  }
  const Extent extent{head_end + 4, head_end + 4 + length};
  return text.size() < extent.end ? std::nullopt : std::optional{extent};
}

}  // namespace

class HttpSink::State {
 public:
  State(std::uint16_t port, OnPost on_post)
      : on_post_{std::move(on_post)}, listener_{listen_on(port)}, thread_{[this] { serve(); }} {}
  ~State() {
    stopping_ = true;
    thread_.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::atomic<std::uint64_t> posts{};

 private:
  void serve() {
    while (!stopping_) {
      std::vector<pollfd> wanted{{listener_.fd(), POLLIN, 0}};
      for (const Client& client : clients_) wanted.push_back({client.socket.fd(), POLLIN, 0});
      if (::poll(wanted.data(), wanted.size(), 20) <= 0) continue;
      std::size_t index = 0;
      clients_.remove_if([&](Client& client) { return (wanted[++index].revents & ~0) != 0 && !answer(client); });
      if (wanted[0].revents != 0) clients_.push_back({accept_from(listener_, std::chrono::milliseconds{0}), {}});
    }
  }

  // False once the client is gone.
  bool answer(Client& client) {
    const auto some = receive_some(client.socket, std::chrono::milliseconds{0});
    if (!some) return true;
    if (some->empty()) return false;
    client.buffered += *some;
    while (const auto request = first_request(client.buffered)) {
      if (!send_all(client.socket, kAnswer)) return false;
      ++posts;
      on_post_(std::string_view{client.buffered}.substr(request->body_at, request->end - request->body_at),
               Clock::now());
      client.buffered.erase(0, request->end);
    }
    return true;
  }

  OnPost on_post_;
  Socket listener_;
  std::list<Client> clients_;
  std::atomic<bool> stopping_{};
  std::thread thread_;  // last: it uses all of the above
};

HttpSink::HttpSink(std::uint16_t port, OnPost on_post) : state_{std::make_unique<State>(port, std::move(on_post))} {}
HttpSink::~HttpSink() = default;

std::uint64_t HttpSink::posts() const { return state_->posts; }

}  // namespace solar::test
