// The publisher's commands, each ending in the process's exit status.
#pragma once

#include "publisher/config.hpp"
#include "shared/settings.hpp"

namespace solar {

[[nodiscard]] int run_command(const Invocation& invocation, const PublisherConfig& config, Millis send_timeout);

}  // namespace solar
