// Counts fsync and fdatasync of a process: LD_PRELOAD=solar_fsync_counter.so SOLAR_FSYNC_COUNT=<file of 8 bytes>. The
// count is in shared memory, so that it can be read at any moment and outlives the process.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using Sync = int (*)(int);

std::atomic<std::uint64_t>* counter() {
  static std::atomic<std::uint64_t>* const shared = [] {
    const char* path = std::getenv("SOLAR_FSYNC_COUNT");
    const int fd = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) ::_exit(126);
    void* memory = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    return memory == MAP_FAILED ? nullptr : static_cast<std::atomic<std::uint64_t>*>(memory);
  }();
  if (shared == nullptr) ::_exit(126);
  return shared;
}

int counted(const char* name, int fd) {
  ++*counter();
  return reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fsync(int fd) { return counted("fsync", fd); }
extern "C" int fdatasync(int fd) { return counted("fdatasync", fd); }
