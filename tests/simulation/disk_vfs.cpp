// SQLite's way to the virtual disks.
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <mutex>
#include <utility>

#include "shared/sqlite.hpp"
#include "tests/simulation/disk.hpp"

namespace solar::test {

namespace {

struct Handle {
  sqlite3_file base;
  std::shared_ptr<Disk::File>* file;
};

Disk::File& file_of(sqlite3_file* handle) { return **reinterpret_cast<Handle*>(handle)->file; }

int vfs_close(sqlite3_file* handle) {
  delete std::exchange(reinterpret_cast<Handle*>(handle)->file, nullptr);
  return SQLITE_OK;
}

int vfs_read(sqlite3_file* handle, void* to, int count, sqlite3_int64 offset) {
  const std::string& bytes = file_of(handle).bytes;
  const auto from = std::min(static_cast<std::size_t>(offset), bytes.size());
  const auto wanted = static_cast<std::size_t>(count);
  const auto found = std::min(wanted, bytes.size() - from);
  std::memcpy(to, bytes.data() + from, found);
  if (found == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + found, 0, wanted - found);
  return SQLITE_IOERR_SHORT_READ;
}

int vfs_write(sqlite3_file* handle, const void* from, int count, sqlite3_int64 offset) {
  Disk::File& file = file_of(handle);
  if (file.disk == nullptr) return SQLITE_OK;
  const auto at = static_cast<std::size_t>(offset);
  const std::string_view bytes{static_cast<const char*>(from), static_cast<std::size_t>(count)};
  const std::size_t size = file.bytes.size();
  if (at + bytes.size() > size && !file.disk->has_room(at + bytes.size() - size)) return SQLITE_FULL;
  if (file.disk->remembers()) {
    file.disk->before_change(file, {.offset = at,
                                    .size_before = size,
                                    .before = at < size ? file.bytes.substr(at, bytes.size()) : std::string{},
                                    .after = std::string{bytes}});
  }
  if (at + bytes.size() > size) {
    if (at + bytes.size() > file.bytes.capacity()) file.bytes.reserve(2 * (at + bytes.size()));
    file.bytes.resize(at + bytes.size());
  }
  std::memcpy(file.bytes.data() + at, bytes.data(), bytes.size());
  file.disk->operation();
  return SQLITE_OK;
}

int vfs_truncate(sqlite3_file* handle, sqlite3_int64 size) {
  Disk::File& file = file_of(handle);
  const auto wanted = static_cast<std::size_t>(size);
  if (file.disk == nullptr || wanted >= file.bytes.size()) return SQLITE_OK;
  if (file.disk->remembers()) {
    file.disk->before_change(
        file, {.offset = wanted, .size_before = file.bytes.size(), .before = file.bytes.substr(wanted), .after = {}});
  }
  file.bytes.resize(wanted);
  file.disk->operation();
  return SQLITE_OK;
}

int vfs_sync(sqlite3_file* handle, int /*flags*/) {
  Disk::File& file = file_of(handle);
  if (file.disk == nullptr) return SQLITE_OK;
  file.disk->operation();
  file.unsynced.clear();
  return SQLITE_OK;
}

int vfs_size(sqlite3_file* handle, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(file_of(handle).bytes.size());
  return SQLITE_OK;
}

int vfs_lock(sqlite3_file* /*handle*/, int /*level*/) { return SQLITE_OK; }

int vfs_reserved(sqlite3_file* /*handle*/, int* is_locked) {
  *is_locked = 0;
  return SQLITE_OK;
}

int vfs_control(sqlite3_file* /*handle*/, int /*what*/, void* /*argument*/) { return SQLITE_NOTFOUND; }
int vfs_sector(sqlite3_file* /*handle*/) { return 512; }
int vfs_traits(sqlite3_file* /*handle*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// Version 1, without shared memory: WAL works, because locking_mode is EXCLUSIVE.
const sqlite3_io_methods kMethods{.iVersion = 1,
                                  .xClose = vfs_close,
                                  .xRead = vfs_read,
                                  .xWrite = vfs_write,
                                  .xTruncate = vfs_truncate,
                                  .xSync = vfs_sync,
                                  .xFileSize = vfs_size,
                                  .xLock = vfs_lock,
                                  .xUnlock = vfs_lock,
                                  .xCheckReservedLock = vfs_reserved,
                                  .xFileControl = vfs_control,
                                  .xSectorSize = vfs_sector,
                                  .xDeviceCharacteristics = vfs_traits,
                                  .xShmMap = nullptr,
                                  .xShmLock = nullptr,
                                  .xShmBarrier = nullptr,
                                  .xShmUnmap = nullptr,
                                  .xFetch = nullptr,
                                  .xUnfetch = nullptr};

int vfs_open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* handle, int flags, int* flags_out) {
  handle->pMethods = nullptr;
  std::string suffix;
  Disk* disk = name == nullptr ? nullptr : Disk::find(name, suffix);
  if (disk == nullptr) return SQLITE_CANTOPEN;
  auto& file = disk->files()[suffix];
  if (!file) {
    file = std::make_shared<Disk::File>();
    file->disk = disk;
  }
  reinterpret_cast<Handle*>(handle)->file = new std::shared_ptr<Disk::File>{file};
  handle->pMethods = &kMethods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* /*vfs*/, const char* name, int /*sync_directory*/) {
  std::string suffix;
  Disk* disk = Disk::find(name, suffix);
  if (disk == nullptr || !disk->files().contains(suffix)) return SQLITE_IOERR_DELETE_NOENT;
  disk->files().erase(suffix);
  return SQLITE_OK;
}

int vfs_access(sqlite3_vfs* /*vfs*/, const char* name, int /*flags*/, int* is_there) {
  std::string suffix;
  Disk* disk = Disk::find(name, suffix);
  *is_there = disk != nullptr && disk->files().contains(suffix) ? 1 : 0;
  return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs* /*vfs*/, const char* name, int size, char* to) {
  sqlite3_snprintf(size, to, "%s", name);
  return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs* /*vfs*/, int size, char* to) {
  thread_local Dice dice{1};
  for (int i = 0; i < size; ++i) to[i] = static_cast<char>(dice.bits());
  return size;
}

int vfs_sleep(sqlite3_vfs* /*vfs*/, int micros) { return micros; }

int vfs_time(sqlite3_vfs* /*vfs*/, double* julian_day) {
  *julian_day = 2'461'000.5;
  return SQLITE_OK;
}

int vfs_last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*to*/) { return 0; }

}  // namespace

void use_virtual_disks() {
  static sqlite3_vfs vfs{};
  static std::once_flag once;
  std::call_once(once, [] {
    configure_sqlite();
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(Handle);
    vfs.mxPathname = 1024;
    vfs.zName = "solar-simulation";
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    vfs.xRandomness = vfs_randomness;
    vfs.xSleep = vfs_sleep;
    vfs.xCurrentTime = vfs_time;
    vfs.xGetLastError = vfs_last_error;
    sqlite3_vfs_register(&vfs, 1);
  });
}

}  // namespace solar::test
