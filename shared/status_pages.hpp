// The pages of the status port: /healthz, /readyz and /metrics.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/clock.hpp"
#include "shared/heartbeat.hpp"
#include "shared/http_server.hpp"

namespace solar {

/// Why a program cannot do its work now; empty: it can.
using Reasons = std::vector<std::string>;

/// What the pages are made from. All of it is asked on the server's thread, and outlives it.
struct StatusPages {
  const Heartbeat& heartbeat;  ///< /healthz looks at nothing else: a restart would heal neither broker nor central
  const Clock& clock;
  std::function<Reasons()> not_ready;    ///< this and the next wait for no disk: /healthz would wait behind them
  std::function<std::string()> metrics;  ///< in the text format of Prometheus

  [[nodiscard]] HttpResponse answer(std::string_view path) const;
};

/// A server of the pages, where there is a listener. Owner: the program; the listener outlives it.
class StatusServer {
 public:
  StatusServer(const std::optional<HttpListener>& listener, const StatusPages& pages);

 private:
  std::optional<HttpServer> server_;
};

/// Listens where the setting says, or not at all. Where that is not possible: the exit status, after a line in the log:
/// 2 where no other time helps, 75 where the address is in use or not there yet.
[[nodiscard]] std::variant<std::optional<HttpListener>, int> listen_for_status(
    const std::optional<HttpAddress>& setting);

}  // namespace solar
