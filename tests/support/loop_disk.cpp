#include "tests/support/loop_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "shared/file_descriptor.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

// Of the kernel's fs/ext4/ext4.h; newer headers call them FS_IOC_SHUTDOWN and FS_SHUTDOWN_FLAGS_NOLOGFLUSH.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kNoLogFlush = 2;

constexpr const char* kWitness = "written, and not synced";

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

void run_or_throw(const std::string& program, const std::vector<std::string>& arguments) {
  const Finished finished = run({.program = program, .arguments = arguments});
  if (finished.exit != Exit{}) throw std::runtime_error{program + " failed: " + finished.log + finished.output};
}

/// Once: what is mounted from now on is seen by this process and its children, and goes with them.
void have_own_mounts() {
  static const bool done = [] {
    if (::unshare(CLONE_NEWNS) != 0) fail("unshare(CLONE_NEWNS)");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("mount --make-rprivate /");
    return true;
  }();
  static_cast<void>(done);
}

FileDescriptor open_or_throw(const fs::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0) fail("open " + path.string());
  return FileDescriptor{file};
}

std::string try_one() {
  if (::geteuid() != 0) return "a disk of one's own needs root";
  try {
    const LoopDisk disk{8 * kMiB};
    return {};
  } catch (const std::exception& error) {
    return std::string{"no loop device can be mounted here: "} + error.what();
  }
}

}  // namespace

std::string LoopDisk::obstacle() {
  static const std::string why = try_one();
  return why;
}

LoopDisk::LoopDisk(std::uint64_t bytes) {
  have_own_mounts();
  static_cast<void>(open_or_throw(image(), O_CREAT | O_WRONLY));
  fs::resize_file(image(), bytes);
  run_or_throw("/sbin/mkfs.ext4", {"-q", "-F", "-m", "0", "-b", "1024", "-J", "size=1", image().string()});
  fs::create_directory(path());
  mount();
}

LoopDisk::~LoopDisk() {
  try {
    unmount();
  } catch (const std::exception&) {
    ::umount2(path().c_str(), MNT_DETACH);
  }
}

void LoopDisk::mount() const { run_or_throw("/bin/mount", {"-o", "loop", image().string(), path().string()}); }

void LoopDisk::unmount() const {
  const auto unmounted = [this] { return ::umount2(path().c_str(), 0) == 0 || errno != EBUSY; };
  if (!eventually(unmounted)) fail("umount " + path().string());
}

std::uint64_t LoopDisk::free_bytes() const {
  struct statvfs space {};
  if (::statvfs(path().c_str(), &space) != 0) fail("statvfs " + path().string());
  return space.f_bavail * space.f_frsize;
}

void LoopDisk::fill_up_to(std::uint64_t free_bytes_left) {
  const FileDescriptor file = open_or_throw(ballast(), O_CREAT | O_WRONLY | O_APPEND);
  const std::uint64_t free_now = free_bytes();
  const auto size = static_cast<off_t>(fs::file_size(ballast()));
  if (free_now > free_bytes_left) {
    static_cast<void>(::posix_fallocate(file.get(), size, static_cast<off_t>(free_now - free_bytes_left)));
  }
  if (free_bytes_left > 0) return;
  constexpr std::array<char, 1024> kBlock{};
  while (::write(file.get(), kBlock.data(), kBlock.size()) > 0) {
  }
}

void LoopDisk::make_room() { fs::remove(ballast()); }

void LoopDisk::cut_power() {
  write_file(witness(), kWitness);
  const FileDescriptor root = open_or_throw(path(), O_RDONLY | O_DIRECTORY);
  std::uint32_t how = kNoLogFlush;
  if (::ioctl(root.get(), kShutdown, &how) != 0) fail("EXT4_IOC_SHUTDOWN");
}

bool LoopDisk::restore_power() {
  unmount();
  mount();
  const bool taken = read_file(witness()) != kWitness;
  fs::remove(witness());
  return taken;
}

}  // namespace solar::test
