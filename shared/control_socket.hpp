// The Unix socket by which commands reach the process that owns the database: one JSON object a line, both ways.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/file_descriptor.hpp"

namespace solar {

/// Serves requests at `path` (mode 0600), one thread per connection, at most 16 of them (more wait), one request per
/// connection of at most 16 KiB within 10 s. Owner: the program. A path longer than a socket address holds works too.
class ControlServer {
 public:
  /// Sends one line to the client; false once the client is gone or has not read for 10 s.
  using WriteLine = std::function<bool(std::string_view line)>;
  /// Answers one request with one or more lines; runs on the connection's thread, may block, must return soon after
  /// the program began to stop. Must not throw.
  using Handler = std::function<void(std::string_view request, const WriteLine& write_line)>;

  /// Replaces a stale socket: the caller holds the instance lock. Throws std::system_error.
  ControlServer(std::filesystem::path path, Handler handler);
  /// Stops accepting, closes all connections, waits for the handlers, removes the socket.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// One request to an owner.
class ControlClient {
 public:
  /// nullopt: nobody listens there. Throws std::system_error: somebody may, but cannot be reached (permission, busy).
  [[nodiscard]] static std::optional<ControlClient> connect(const std::filesystem::path& path);

  [[nodiscard]] bool write_line(std::string_view line);
  /// The next line of the answer, at most 1 MiB; nullopt: closed, or not within `wait`.
  [[nodiscard]] std::optional<std::string> read_line(Millis wait);

 private:
  explicit ControlClient(FileDescriptor socket) : socket_{std::move(socket)} {}
  FileDescriptor socket_;
  std::string buffered_;
};

}  // namespace solar
