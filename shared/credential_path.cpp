#include "shared/credential_path.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace solar {

std::string credential_path(const std::string& path) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return path;
  const std::filesystem::path original{path};
  const auto copy =
      std::filesystem::path{folder} / (original.parent_path().filename().string() + "_" + original.filename().string());
  std::error_code error;
  return std::filesystem::is_regular_file(copy, error) ? copy.string() : path;
}

}  // namespace solar
