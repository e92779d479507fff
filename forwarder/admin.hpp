// What a forwarder answers to commands, as the owner of the inbox or in its place.
#pragma once

#include <string>
#include <string_view>

#include "forwarder/relay.hpp"
#include "shared/control_socket.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Answers one request line ({"command":"status"} or one of aside_desk.hpp). `relay` is null where nobody runs. Any
/// thread.
void answer_command(Queue& queue, const Clock& clock, Relay* relay, std::string_view request,
                    const ControlServer::WriteLine& write_line);

/// The answer to `status` for a person's eyes.
[[nodiscard]] std::string inbox_status_text(std::string_view line);

}  // namespace solar
