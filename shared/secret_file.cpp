#include "shared/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "shared/file_descriptor.hpp"

namespace solar {
namespace {

constexpr mode_t kOthers = 07;

Problem unreadable(const std::string& what, int error) {
  return {what + " cannot be read: " + std::strerror(error), {}, {}};
}

}  // namespace

std::optional<std::string> exposure(const std::string& what, mode_t mode) {
  if ((mode & kOthers) == 0) return std::nullopt;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return what + " is open to everybody on this machine (mode " + octal.data() + "): take that away with chmod o-rwx";
}

Result<std::string> read_secret(const std::string& what, const std::string& path, std::size_t max_bytes) {
  // Not blocking, or a FIFO without a writer would hold us up for ever.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return unreadable(what, errno);
  // Of the open file, so that nobody can change it between the look and the reading.
  if (auto open_to_all = exposure(what, status.st_mode)) return Problem{std::move(*open_to_all), {}, {}};

  std::string content(max_bytes, '\0');
  std::size_t length{};
  while (length < max_bytes) {
    const auto got = ::read(file.get(), content.data() + length, max_bytes - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(what, errno);
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  content.resize(length);
  return content;
}

}  // namespace solar
