// An open outbox with all that works on it: acceptance, uplink, and the socket for other commands.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "publisher/acceptance.hpp"
#include "publisher/config.hpp"
#include "publisher/uplink.hpp"
#include "shared/control_socket.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Answers one request line: {"command":"send","reading":..,"wait_ms":..}, {"command":"status"} or one of
/// aside_desk.hpp. `uplink` and the rest are null where nobody runs; then `send` is not answered.
struct Desk {
  Queue& queue;
  const Clock& clock;
  const Origin& origin;
  Acceptance* acceptance{};
  Waiters* waiters{};
  Uplink* uplink{};

  void answer(std::string_view request, const ControlServer::WriteLine& write_line) const;
};

/// {"command":"send",...}
[[nodiscard]] std::string send_request(std::string_view reading, Millis wait);

/// What `send` prints and its exit status, from a line of the answer.
struct SendVerdict {
  bool final{};  ///< nothing more comes
  int status{};
  std::string text;  ///< for standard output if status is 0, else standard error
};
[[nodiscard]] SendVerdict send_verdict(std::string_view line);

/// Owner: a command that holds the instance lock. Starts no thread before `serve`.
class Station {
 public:
  Station(const PublisherConfig& config, Queue& queue, const Clock& clock);
  ~Station();
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  /// Answers other commands from now on. Call once, after StopSignal has blocked its signals.
  void serve();
  [[nodiscard]] Acceptance& acceptance() { return acceptance_; }
  [[nodiscard]] Waiters& waiters() { return waiters_; }
  [[nodiscard]] Uplink& uplink() { return uplink_; }

 private:
  Waiters waiters_;
  Uplink uplink_;
  Acceptance acceptance_;
  Desk desk_;
  std::filesystem::path database_;
  std::optional<ControlServer> control_;
};

}  // namespace solar
