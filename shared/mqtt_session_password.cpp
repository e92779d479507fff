#include "shared/mqtt_session_password.hpp"

#include "shared/secret_file.hpp"

namespace solar::mqtt_session {

Result<std::string> read_password(const std::string& path) {
  if (path.empty()) return std::string{};
  const auto what = "the password file " + path;
  auto read = read_secret(what, path, kPasswordMaxBytes);
  if (std::holds_alternative<Problem>(read)) return read;
  auto& password = std::get<std::string>(read);
  if (password.ends_with('\n')) password.pop_back();
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return Problem{what + " is empty", {}, {}};
  return read;
}

}  // namespace solar::mqtt_session
