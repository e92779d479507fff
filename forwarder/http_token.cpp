#include "forwarder/http_token.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace solar {

void BearerToken::look(Millis steady) {
  if (file_.empty() || (looked_ && steady - *looked_ < kLookInterval)) return;
  looked_ = steady;

  struct stat status {};
  if (stat(file_.c_str(), &status) != 0) {
    version_.reset();
    problem_ = "API_TOKEN_FILE " + file_ + " cannot be read: " + std::strerror(errno);
    return;
  }
  const Version version{status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size};
  if (version_ == version) return;
  read();
  if (!problem_) version_ = version;
}

void BearerToken::read() {
  problem_.reset();
  std::string token(kMaxBytes + 1, '\0');
  std::ifstream file{file_, std::ios::binary};
  if (file) file.read(token.data(), static_cast<std::streamsize>(token.size()));
  if (!file.is_open() || file.bad()) {
    problem_ = "API_TOKEN_FILE " + file_ + " cannot be read: " + std::strerror(errno);
    return;
  }
  token.resize(static_cast<std::size_t>(file.gcount()));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();

  const auto printable = token.find_first_not_of(
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                             "!#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\") == std::string::npos;
  if (token.empty() || token.size() > kMaxBytes || !printable) {
    problem_ = "API_TOKEN_FILE " + file_ + " must hold one line of printable characters without spaces";
    return;
  }
  header_ = "Authorization: Bearer " + token;
  ++generation_;
}

}  // namespace solar
