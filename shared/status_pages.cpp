#include "shared/status_pages.hpp"

#include <cerrno>
#include <system_error>

#include "shared/database_failure.hpp"
#include "shared/log.hpp"

namespace solar {

namespace {

HttpResponse plain(int status, std::string line) {
  return {.status = status, .body = std::move(line) + "\n", .content_type = HttpResponse{}.content_type};
}

HttpResponse healthz(const Heartbeat& heartbeat, Millis steady) {
  const auto last = heartbeat.last();
  if (!last) return plain(503, "starting: the courier has not taken a turn yet");
  const std::string seconds = std::to_string((steady - *last).count() / 1000) + " s ago";
  if (!heartbeat.alive(steady)) return plain(503, "the courier hangs: its last turn was " + seconds);
  return plain(200, "ok: the courier's last turn was " + seconds);
}

HttpResponse readyz(const Reasons& reasons) {
  if (reasons.empty()) return plain(200, "ready");
  std::string text;
  for (const std::string& reason : reasons) text.append(text.empty() ? "" : "\n").append(reason);
  return plain(503, text);
}

}  // namespace

HttpResponse StatusPages::answer(std::string_view path) const {
  if (path == "/healthz") return healthz(heartbeat, clock.now().steady);
  if (path == "/readyz") return readyz(not_ready());
  if (path == "/metrics") {
    return {.status = 200, .body = metrics(), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  }
  return plain(404, "there are /healthz, /readyz and /metrics");
}

StatusServer::StatusServer(const std::optional<HttpListener>& listener, const StatusPages& pages) {
  if (listener) server_.emplace(*listener, [pages](std::string_view path) { return pages.answer(path); });
}

std::variant<std::optional<HttpListener>, int> listen_for_status(const std::optional<HttpAddress>& setting) {
  if (!setting) return std::nullopt;
  try {
    std::optional<HttpListener> listener{std::in_place, *setting};
    log::info("status at", {{"http_listen", to_string(listener->address())}});
    return listener;
  } catch (const std::system_error& error) {
    log::error("http-listen does not work; give another HOST:PORT, or off", {{"why", error.what()}});
    const int code = error.code().value();
    return code == EADDRINUSE || code == EADDRNOTAVAIL ? kExitTryAgain : 2;
  }
}

}  // namespace solar
