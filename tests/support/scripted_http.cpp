#include "tests/support/scripted_http.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace solar::test {
namespace {

constexpr std::chrono::milliseconds kLook{20};  ///< how often a thread that waits looks whether to stop

std::string lower(std::string_view text) {
  std::string copy{text};
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return copy;
}

/// The request that `bytes` starts with, taken out of it.
std::optional<ScriptedRequest> take_request(std::string& bytes) {
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  ScriptedRequest request{bytes.substr(0, head_end + 2), {}, 0, 0};
  const auto length = request.header("Content-Length");
  const auto body_bytes = length.empty() ? 0UL : std::stoul(length);
  if (bytes.size() < head_end + 4 + body_bytes) return std::nullopt;
  request.body = bytes.substr(head_end + 4, body_bytes);
  bytes.erase(0, head_end + 4 + body_bytes);
  return request;
}

}  // namespace

std::string ScriptedRequest::header(std::string_view name) const {
  const auto line = lower(head).find("\r\n" + lower(name) + ":");
  if (line == std::string::npos) return {};
  const auto value = head.find_first_not_of(' ', line + 3 + name.size());
  return head.substr(value, head.find("\r\n", value) - value);
}

ScriptedAnswer http_answer(int status, std::string_view headers, std::string_view body) {
  std::string bytes = "HTTP/1.1 " + std::to_string(status) + " x\r\n";
  bytes.append(headers).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return {std::move(bytes), ScriptedAnswer::Then::Listen, {}};
}

ScriptedHttp::ScriptedHttp(Script script)
    : script_{std::move(script)}, port_{free_port()}, listener_{listen_on(port_)}, acceptor_{[this] {
        accept_all();
      }} {}

ScriptedHttp::~ScriptedHttp() {
  stop_ = true;
  acceptor_.join();
  for (auto& connection : connections_) connection.join();
}

std::vector<ScriptedRequest> ScriptedHttp::requests() const {
  const std::lock_guard guard{mutex_};
  return requests_;
}

void ScriptedHttp::accept_all() {
  while (!stop_) {
    auto socket = accept_from(listener_, kLook);
    if (!socket.valid()) continue;
    connections_.emplace_back(
        [this, number = connections_.size(), s = std::move(socket)]() mutable { serve(std::move(s), number); });
  }
}

void ScriptedHttp::serve(Socket socket, std::size_t connection) {
  std::string bytes;
  std::size_t served{};
  while (!stop_) {
    const auto more = receive_some(socket, kLook);
    if (more && more->empty()) return;
    if (more) bytes += *more;
    while (auto request = take_request(bytes)) {
      request->connection = connection;
      request->on_connection = served++;
      if (!finish(socket, answer_to(*request))) return;
    }
  }
}

ScriptedAnswer ScriptedHttp::answer_to(const ScriptedRequest& request) {
  const std::lock_guard guard{mutex_};
  requests_.push_back(request);
  return script_(request);
}

/// Whether the connection goes on.
bool ScriptedHttp::finish(const Socket& socket, const ScriptedAnswer& answer) {
  const std::size_t piece = answer.byte_by_byte ? 1 : std::max<std::size_t>(answer.bytes.size(), 1);
  for (std::size_t at = 0; at < answer.bytes.size(); at += piece) {
    if (!send_all(socket, std::string_view{answer.bytes}.substr(at, piece))) return false;
    if (answer.byte_by_byte) std::this_thread::sleep_for(std::chrono::milliseconds{1});  // lets each be read alone
  }
  switch (answer.then) {
    case ScriptedAnswer::Then::Listen:
      return true;
    case ScriptedAnswer::Then::Close:
      return false;
    case ScriptedAnswer::Then::Hang:
      while (!stop_) std::this_thread::sleep_for(kLook);
      return false;
    case ScriptedAnswer::Then::Repeat:
      while (!stop_ && send_all(socket, answer.again)) {
      }
      return false;
    case ScriptedAnswer::Then::Drip:
      while (!stop_ && send_all(socket, answer.again)) std::this_thread::sleep_for(kLook);
      return false;
  }
  return false;
}

}  // namespace solar::test
