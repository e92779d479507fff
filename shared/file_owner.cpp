#include "shared/file_owner.hpp"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace solar {

namespace {

using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

/// Of a thread, by system calls: the C library has no function for it.
bool get_capabilities(Capabilities& capabilities) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return ::syscall(SYS_capget, &header, capabilities.data()) == 0;
}

bool set_capabilities(const Capabilities& capabilities) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return ::syscall(SYS_capset, &header, capabilities.data()) == 0;
}

struct Owner {
  uid_t user{};
  gid_t group{};
};

/// A database that is root's already, by an older version, does not count: its folder tells.
std::optional<Owner> owner_of(const std::filesystem::path& database) {
  for (const auto& path : {database, std::filesystem::absolute(database).parent_path()}) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && status.st_uid != 0) return Owner{status.st_uid, status.st_gid};
  }
  return std::nullopt;
}

}  // namespace

void make_files_as_owner_of(const std::filesystem::path& database) {
  if (::geteuid() != 0) return;
  const auto owner = owner_of(database);
  Capabilities all{};
  if (!owner || !get_capabilities(all)) return;
  ::setfsgid(owner->group);
  ::setfsuid(owner->user);
  // The kernel has taken away those that open others' files: the way to the folder may be root's alone, as keys are.
  if (set_capabilities(all)) return;
  ::setfsuid(0);
  ::setfsgid(0);
}

}  // namespace solar
