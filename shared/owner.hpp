// Reaching a database that may have an owner: through the owner's socket, or by opening the file oneself.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "shared/control_socket.hpp"
#include "shared/problem.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Answers one request line with one or more lines.
using Answer = std::function<void(Queue& queue, std::string_view request, const ControlServer::WriteLine& write_line)>;

/// `<database>.sock`
[[nodiscard]] std::filesystem::path socket_path(const std::filesystem::path& database);

/// Runs `answer` for a client: no room on the disk becomes an error line, any other failure of the database ends the
/// process.
void answer_or_end(const std::filesystem::path& database, const ControlServer::WriteLine& write_line,
                   const std::function<void()>& answer);

/// Sends `request` to the process that owns the database and hands every line of its answer to `on_line`; without an
/// owner opens the database, which must exist, and answers here. A Problem where neither works.
[[nodiscard]] std::optional<Problem> ask(const QueueOptions& options, const std::string& request, const Answer& answer,
                                         const std::function<void(std::string_view line)>& on_line);

}  // namespace solar
