// libsystemd would do this too. It is not used: the protocol is one datagram, promised to stay (sd_notify(3) writes it
// out), and the library would come into each image, where nothing listens, with the six that it loads.
#include "shared/service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "shared/file_descriptor.hpp"
#include "shared/log.hpp"

namespace solar {
namespace {

constexpr std::chrono::seconds kPatience{2};  // its queue may be full for a moment
constexpr Millis kWatchdogMin{10};            // more often would be a load
constexpr Millis kWatchdogMax{3'600'000};

std::string_view environment(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// 0, or errno.
int send_datagram(std::string_view socket_name, std::string_view message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_name.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, socket_name.data(), socket_name.size());
  // One that begins with @ has no file: its name begins with NUL.
  if (socket_name.front() == '@') address.sun_path[0] = '\0';
  const FileDescriptor file{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  (void)::setsockopt(file.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_name.size());
  const auto sent = ::sendto(file.get(), message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length);
  return sent == static_cast<ssize_t>(message.size()) ? 0 : errno;
}

}  // namespace

void tell_service_manager(std::string_view message) {
  const std::string_view socket_name = environment("NOTIFY_SOCKET");
  if (socket_name.empty()) return;
  if (const int error = send_datagram(socket_name, message); error != 0) {
    log::limited(
        log::Level::Warning, "the service manager does not take what it is told",
        {{"socket", std::string{socket_name}}, {"message", std::string{message}}, {"why", std::strerror(error)}});
  }
}

std::optional<Millis> watchdog_interval() {
  const auto microseconds = number(environment("WATCHDOG_USEC"));
  const std::string_view pid = environment("WATCHDOG_PID");
  if (!microseconds || (!pid.empty() && number(pid) != static_cast<std::uint64_t>(::getpid()))) return std::nullopt;
  if (*microseconds == 0) return std::nullopt;
  return std::clamp(Millis{static_cast<Millis::rep>(*microseconds / 1000)}, kWatchdogMin, kWatchdogMax);
}

Supervision::Supervision(const Heartbeat& heartbeat, const Clock& clock) : heartbeat_{heartbeat}, clock_{clock} {
  tell_service_manager("READY=1");
  if (const auto interval = watchdog_interval()) thread_ = std::thread{[this, interval] { run(*interval); }};
}

Supervision::~Supervision() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  ending_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Supervision::run(Millis interval) {
  std::unique_lock lock{mutex_};
  while (!ending_.wait_for(lock, interval / 2, [this] { return ended_; })) {
    if (heartbeat_.alive(clock_.now().steady)) tell_service_manager("WATCHDOG=1");
  }
}

}  // namespace solar
