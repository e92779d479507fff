// Files of SQLite whose fsync fails from a moment that the test chooses: a file system of SQLite's (VFS) before its
// own.
#pragma once

#include <sqlite3.h>

#include <map>
#include <stdexcept>

namespace solar::test {

/// While it lives, databases that are opened go through it. One at a time, on one thread.
class FailingSync {
 public:
  FailingSync() {
    vfs_ = *base();
    vfs_.pNext = nullptr;
    vfs_.zName = "failing-sync";
    vfs_.xOpen = open;
    if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) throw std::runtime_error{"cannot register a VFS"};
  }
  ~FailingSync() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(base(), 1);
    failing = false;
  }
  FailingSync(const FailingSync&) = delete;
  FailingSync& operator=(const FailingSync&) = delete;

  void fail(bool fails) { failing = fails; }

 private:
  static sqlite3_vfs* base() { return sqlite3_vfs_find("unix"); }

  static int open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    const int code = base()->xOpen(base(), name, file, flags, flags_out);
    if (code != SQLITE_OK) return code;
    real_sync = file->pMethods->xSync;
    // A log's differ from a database's.
    sqlite3_io_methods& methods = changed_methods[file->pMethods];
    methods = *file->pMethods;
    methods.xSync = sync;
    file->pMethods = &methods;
    return code;
  }
  static int sync(sqlite3_file* file, int flags) { return failing ? SQLITE_IOERR_FSYNC : real_sync(file, flags); }

  sqlite3_vfs vfs_{};
  inline static std::map<const sqlite3_io_methods*, sqlite3_io_methods> changed_methods;
  inline static int (*real_sync)(sqlite3_file*, int){};
  inline static bool failing{};
};

}  // namespace solar::test
