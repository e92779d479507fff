// Asking one's own status port.
#pragma once

#include <string>
#include <string_view>

#include "shared/clock.hpp"
#include "shared/http_address.hpp"
#include "shared/http_message.hpp"
#include "shared/problem.hpp"

namespace solar {

/// GETs `path` within `patience`; at most 1 MiB of an answer is read. Why not: nobody listens there, or the answer did
/// not come.
[[nodiscard]] Result<HttpResponse> http_get(const HttpAddress& address, std::string_view path, Millis patience);

/// The command `health`: asks /healthz of whoever runs with this setting, prints one line for `program`, and tells the
/// exit status: 0 healthy, 1 not, 2 where http-listen is off or names no port.
[[nodiscard]] int tell_health(const std::string& program, const std::optional<HttpAddress>& listen);

}  // namespace solar
