#include "forwarder/http_token.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "shared/secret_file.hpp"

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
  const Version version{status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size,
                        status.st_mode};
  if (version_ == version) return;
  read();
  if (problem_) {
    version_.reset();
  } else {
    version_ = version;
  }
}

void BearerToken::read() {
  problem_.reset();
  auto content = read_secret("API_TOKEN_FILE " + file_, file_, kMaxBytes + 1);
  if (auto* const problem = std::get_if<Problem>(&content)) {
    problem_ = std::move(problem->what);
    return;
  }
  auto& token = std::get<std::string>(content);
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
