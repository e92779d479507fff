#include "shared/service.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace solar {
namespace {

pid_t written_pid(int file) {
  std::array<char, 32> text{};
  const ssize_t length = ::pread(file, text.data(), text.size(), 0);
  pid_t pid{};
  if (length > 0) std::from_chars(text.data(), text.data() + length, pid);
  return pid;
}

/// Over what stands there, so that it needs no new block on a full disk. The pid is for people: failing is no harm.
void write_pid(int file) {
  const std::string text = std::to_string(::getpid()) + "\n";
  const auto length = static_cast<off_t>(text.size());
  if (::pwrite(file, text.data(), text.size(), 0) != length || ::ftruncate(file, length) != 0) {
    [[maybe_unused]] const int emptied = ::ftruncate(file, 0);
  }
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void end_at_once(int signal) { ::_exit(128 + signal); }

FileDescriptor checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error{errno, std::system_category(), what};
  return FileDescriptor{fd};
}

}  // namespace

std::variant<InstanceLock, pid_t> InstanceLock::acquire(const std::filesystem::path& database, Millis patience) {
  constexpr Millis kLookAgain{20};
  const std::string path = database.string() + ".lock";
  FileDescriptor file = checked(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), path.c_str());
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw std::system_error{errno, std::system_category(), path};
    if (patience <= Millis{0}) return written_pid(file.get());
    std::this_thread::sleep_for(kLookAgain);
    patience -= kLookAgain;
  }
  write_pid(file.get());
  return InstanceLock{std::move(file)};
}

class StopSignal::State {
 public:
  explicit State(std::function<void()> on_stop) : on_stop_{std::move(on_stop)} {
    const sigset_t set = stop_signals();
    signals_ = checked(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
    end_ = checked(::eventfd(0, EFD_CLOEXEC), "eventfd");
    std::signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, &mask_before_);
    thread_ = std::thread{[this] { run(); }};
  }

  ~State() {
    (void)::eventfd_write(end_.get(), 1);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

 private:
  void run() {
    if (!wait_for_signal()) return;
    // From here on this thread takes the signals itself: on_stop may hang.
    std::signal(SIGTERM, end_at_once);
    std::signal(SIGINT, end_at_once);
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    on_stop_();
    wait_for_end();
  }

  /// False: this object ends first.
  bool wait_for_signal() {
    std::array<pollfd, 2> files{{{signals_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
    while (::poll(files.data(), files.size(), -1) < 0) {
    }
    signalfd_siginfo info{};
    return files[0].revents != 0 && ::read(signals_.get(), &info, sizeof info) == sizeof info;
  }

  void wait_for_end() {
    eventfd_t value{};
    while (::eventfd_read(end_.get(), &value) != 0 && errno == EINTR) {
    }
  }

  std::function<void()> on_stop_;
  sigset_t mask_before_{};
  FileDescriptor signals_;
  FileDescriptor end_;
  std::thread thread_;
};

StopSignal::StopSignal(std::function<void()> on_stop) : state_{std::make_unique<State>(std::move(on_stop))} {}
StopSignal::~StopSignal() = default;

void limit_memory_arenas() {
  constexpr int kThresholdBytes = 128 * 1024;
  mallopt(M_ARENA_MAX, 1);
  // Set explicitly: left alone, glibc raises both with every large block that is freed.
  mallopt(M_MMAP_THRESHOLD, kThresholdBytes);
  mallopt(M_TRIM_THRESHOLD, kThresholdBytes);
}

void forget_proxies() {
  for (const char* const name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    ::unsetenv(name);
}

}  // namespace solar
