// The commands over what is kept for a person: `refused list|retry|drop`, `dead-letters list|replay|drop`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/control_socket.hpp"
#include "shared/queue.hpp"

namespace solar {

/// A request line: {"command":"aside","action":"list"|"retry"|"drop","number":N}; N = 0 means all.
[[nodiscard]] std::string aside_request(std::string_view action, std::int64_t number);

/// Answers such requests for some kinds of rows.
struct AsideDesk {
  std::vector<AsideKind> kinds;
  /// Takes an unreadable message in again, e.g. by a newer version that understands it; true: it may be deleted.
  std::function<bool(const Aside&)> replay;

  /// `list`: a line per row; then, and for the others only, {"done":N,"not_done":M}.
  void answer(Queue& queue, std::string_view action, std::int64_t number,
              const ControlServer::WriteLine& write_line) const;
};

/// A line of the answer for a person's eyes; empty for the last one of `list`.
[[nodiscard]] std::string aside_text(std::string_view line);
/// Whether the last line of an answer tells that something was not done.
[[nodiscard]] bool aside_failed(std::string_view line);

/// "7" or "all" (0) as a row's number.
[[nodiscard]] Result<std::int64_t> parse_aside_number(const std::string& text);

}  // namespace solar
