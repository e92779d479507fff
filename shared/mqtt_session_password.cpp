#include "shared/mqtt_session_password.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace solar::mqtt_session {

Result<std::string> read_password(const std::string& path) {
  if (path.empty()) return std::string{};
  std::ifstream file{path, std::ios::binary};
  if (!file) return Problem{"the password file " + path + " cannot be read: " + std::strerror(errno), {}, {}};

  std::string password(kPasswordMaxBytes, '\0');
  file.read(password.data(), static_cast<std::streamsize>(password.size()));
  if (file.bad()) return Problem{"the password file " + path + " cannot be read: " + std::strerror(errno), {}, {}};
  password.resize(static_cast<std::size_t>(file.gcount()));
  if (password.ends_with('\n')) password.pop_back();
  if (password.ends_with('\r')) password.pop_back();
  return password;
}

}  // namespace solar::mqtt_session
