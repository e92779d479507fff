// The forwarder's commands, each ending in the process's exit status.
#pragma once

#include "forwarder/config.hpp"
#include "shared/settings.hpp"

namespace solar {

[[nodiscard]] int run_command(const Invocation& invocation, const ForwarderConfig& config);

}  // namespace solar
