#include "shared/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "shared/file_descriptor.hpp"

namespace solar {
namespace {

constexpr mode_t kOthers = 07;
constexpr std::size_t kSmallBytes = 4096;  // read of a file that tells no size, as those of /proc

Problem unreadable(const std::string& what, int error) {
  return {what + " cannot be read: " + std::strerror(error), {}, {}};
}

Result<std::string> read_file(const std::string& what, const std::string& path, std::size_t max_bytes, bool secret) {
  // Not blocking, or a FIFO without a writer would hold us up for ever.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return unreadable(what, errno);
  if (S_ISDIR(status.st_mode)) return unreadable(what, EISDIR);
  // Curl and Paho open it again by its name, and would wait at a FIFO.
  if (!S_ISREG(status.st_mode)) return Problem{what + " cannot be read: it is no regular file", {}, {}};
  if (secret) {
    // Of the open file, so that nobody can change it between the look and the reading.
    if (auto open_to_all = exposure(what, status.st_mode)) return Problem{std::move(*open_to_all), {}, {}};
  }

  std::string content(std::min(max_bytes, std::max(kSmallBytes, static_cast<std::size_t>(status.st_size))), '\0');
  std::size_t length{};
  while (length < content.size()) {
    const auto got = ::read(file.get(), content.data() + length, content.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(what, errno);
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  content.resize(length);
  return content;
}

}  // namespace

std::optional<std::string> exposure(const std::string& what, mode_t mode) {
  if ((mode & kOthers) == 0) return std::nullopt;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return what + " is open to everybody on this machine (mode " + octal.data() + "): take that away with chmod o-rwx";
}

Result<std::string> read_plain(const std::string& what, const std::string& path, std::size_t max_bytes) {
  return read_file(what, path, max_bytes, false);
}

Result<std::string> read_secret(const std::string& what, const std::string& path, std::size_t max_bytes) {
  return read_file(what, path, max_bytes, true);
}

}  // namespace solar
