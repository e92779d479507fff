#include "publisher/line_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "shared/reading.hpp"

namespace solar {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kLinesAtOnce = 200;                    // one commit's worth
constexpr std::size_t kLineMaxBytes = kReadingMaxBytes + 2;  // room for CRLF's CR and one byte too many
constexpr int kLookAgainMs = 500;                            // a followed file has no event of its own

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

}  // namespace

LineSource::LineSource(std::string path, bool follow)
    : path_{std::move(path)}, follow_{follow}, splitter_{kLineMaxBytes} {
  interrupt_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (interrupt_event_ < 0) fail("eventfd");
  open();
}

LineSource::~LineSource() { ::close(interrupt_event_); }

void LineSource::open() {
  if (path_ == "-") {
    input_ = FileDescriptor{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)};
    if (!input_.valid()) fail("cannot open standard input");
    return;
  }
  // Without O_NONBLOCK a FIFO would block here until somebody writes.
  FileDescriptor opened{::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!opened.valid()) fail("cannot open the source " + path_);
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) fail("cannot stat the source " + path_);
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    fail("cannot read the source " + path_);
  }
  kind_ = S_ISFIFO(status.st_mode) ? Kind::Fifo : Kind::File;
  // The old one is closed only now: a FIFO that is without a reader forgets what was written into it.
  input_ = std::move(opened);
}

/// True: there may be something to read. False: interrupted, or nothing within the time.
bool LineSource::wait(int timeout_ms) {
  std::array<pollfd, 2> events{pollfd{.fd = interrupt_event_, .events = POLLIN, .revents = 0},
                               pollfd{.fd = ended_ ? -1 : input_.get(), .events = POLLIN, .revents = 0}};
  while (::poll(events.data(), events.size(), timeout_ms) < 0) {
    if (errno != EINTR) fail("poll");
  }
  return events[0].revents == 0 && events[1].revents != 0;
}

std::optional<std::vector<Line>> LineSource::next() {
  std::array<char, kReadBytes> buffer{};
  while (pending_.empty()) {
    if (!wait(-1)) return std::nullopt;
    const ssize_t count = ::read(input_.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      fail("cannot read the source " + path_);
    }
    const bool end = count == 0;
    const bool keep_partial = end && follow_ && kind_ == Kind::File;
    std::vector<Line> lines = end ? (keep_partial ? std::vector<Line>{} : splitter_.finish())
                                  : splitter_.feed({buffer.data(), static_cast<std::size_t>(count)});
    std::move(lines.begin(), lines.end(), std::back_inserter(pending_));
    if (end && pending_.empty() && !stay_after_end()) return std::nullopt;
  }
  return take_pending();
}

/// False: that was all.
bool LineSource::stay_after_end() {
  if (!follow_) return false;
  switch (kind_) {
    case Kind::StandardInput:
      ended_ = true;
      return true;
    case Kind::Fifo:
      open();
      return true;
    case Kind::File:
      break;
  }
  std::array<pollfd, 1> events{pollfd{.fd = interrupt_event_, .events = POLLIN, .revents = 0}};
  static_cast<void>(::poll(events.data(), events.size(), kLookAgainMs));
  return true;
}

std::vector<Line> LineSource::take_pending() {
  const auto count = static_cast<std::ptrdiff_t>(std::min(pending_.size(), kLinesAtOnce));
  std::vector<Line> lines{std::make_move_iterator(pending_.begin()), std::make_move_iterator(pending_.begin() + count)};
  pending_.erase(pending_.begin(), pending_.begin() + count);
  return lines;
}

void LineSource::interrupt() {
  // Its counter overflowing is the only failure, and that wakes as well.
  static_cast<void>(::eventfd_write(interrupt_event_, 1));
}

}  // namespace solar
