// The Unix socket by which commands reach the process that owns the database: one JSON object a line, both ways.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shared/clock.hpp"

namespace solar {

/// Serves requests at `path` (mode 0600), one thread per connection, at most 16 of them, one request per connection of at
/// most 16 KiB within 10 s. Owner: the program. A path longer than a socket address holds works too.
class ControlServer {
 public:
  /// Sends one line to the client; false once the client is gone.
  using WriteLine = std::function<bool(std::string_view line)>;
  /// Answers one request with one or more lines; runs on the connection's thread, may block, must return soon after
  /// `stop_requested` says so. Must not throw.
  using Handler = std::function<void(std::string_view request, const WriteLine& write_line)>;

  /// Removes a stale socket first: the caller holds the instance lock. Throws std::system_error.
  ControlServer(std::filesystem::path path, Handler handler);
  /// Stops accepting, closes all connections, waits for the handlers, removes the socket.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  [[nodiscard]] std::size_t connections() const;  ///< requests being answered now. Any thread.

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// One request to an owner.
class ControlClient {
 public:
  /// nullopt: nobody listens there.
  [[nodiscard]] static std::optional<ControlClient> connect(const std::filesystem::path& path);
  ControlClient(ControlClient&&) noexcept;
  ControlClient& operator=(ControlClient&&) noexcept;
  ~ControlClient();

  [[nodiscard]] bool write_line(std::string_view line);
  /// The next line of the answer; nullopt: closed, or not within `wait`.
  [[nodiscard]] std::optional<std::string> read_line(Millis wait);

 private:
  explicit ControlClient(int fd);
  int fd_;
  std::string buffered_;
};

}  // namespace solar
