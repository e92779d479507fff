#include "shared/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cassert>
#include <mutex>
#include <utility>

#include "shared/file_descriptor.hpp"

namespace solar {

namespace {

SqliteError::Kind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return SqliteError::Kind::Full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // our SQL is right: a table that it names is not there any more
      return SqliteError::Kind::Corrupt;
    default:
      return SqliteError::Kind::Broken;
  }
}

[[noreturn]] void fail(sqlite3* database, std::string_view doing) {
  const int code = database != nullptr ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
  const std::string message = database != nullptr ? sqlite3_errmsg(database) : "out of memory";
  throw SqliteError{kind_of(code), std::string{doing} + ": " + message + " (SQLite code " + std::to_string(code) + ")"};
}

/// SQLite would make it for everybody to read, as far as the process's mask lets it; its log gets the same mode. A file
/// that is there keeps its own: to close it here would end SQLite's locks on it, and a wider mode is somebody's wish.
void make_private(const std::filesystem::path& path) {
  if (path == ":memory:") return;
  // Where it fails SQLite fails, too, and says why.
  const FileDescriptor made{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)};
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) {
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement_, nullptr);
  if (code != SQLITE_OK) fail(database, sql);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept : statement_{std::exchange(other.statement_, nullptr)} {}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* database = sqlite3_db_handle(statement_);
  const SqliteError error{kind_of(sqlite3_extended_errcode(database)),
                          std::string{sqlite3_sql(statement_)} + ": " + sqlite3_errmsg(database) + " (SQLite code " +
                              std::to_string(sqlite3_extended_errcode(database)) + ")"};
  sqlite3_reset(statement_);
  throw error;
}

void Statement::run() {
  const bool row = step();
  assert(!row);
  static_cast<void>(row);
  reset();
}

void Statement::reset() { sqlite3_reset(statement_); }

Statement& Statement::bind_row(const Statement& from) {
  reset();
  for (int column = 0; column < sqlite3_column_count(from.statement_); ++column) {
    sqlite3_bind_value(statement_, column + 1, sqlite3_column_value(from.statement_, column));
  }
  return *this;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string{} : std::string{data, size};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void Statement::bind_one(int index, std::int64_t value) { sqlite3_bind_int64(statement_, index, value); }

void Statement::bind_one(int index, std::string_view value) {
  // A null pointer would bind NULL.
  sqlite3_bind_text(statement_, index, value.empty() ? "" : value.data(), static_cast<int>(value.size()),
                    SQLITE_STATIC);
}

void Statement::bind_one(int index, const std::optional<std::string>& value) {
  if (value) {
    bind_one(index, std::string_view{*value});
  } else {
    sqlite3_bind_null(statement_, index);
  }
}

void Statement::bind_one(int index, Blob value) {
  sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(),
                      SQLITE_STATIC);
}

void configure_sqlite() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

Sqlite::Sqlite(const SqliteOptions& options) : checkpoint_pages_{options.checkpoint_pages} {
  configure_sqlite();
  make_private(options.path);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  if (sqlite3_open_v2(options.path.c_str(), &database_, flags, nullptr) != SQLITE_OK) {
    const SqliteError error{kind_of(sqlite3_extended_errcode(database_)),
                            "cannot open " + options.path.string() + ": " + sqlite3_errmsg(database_)};
    sqlite3_close(database_);
    throw error;
  }
  try {
    sqlite3_extended_result_codes(database_, 1);
    execute("PRAGMA page_size=" + std::to_string(kPageBytes));
    if (options.damaged) execute("PRAGMA writable_schema=ON");
    execute("PRAGMA locking_mode=EXCLUSIVE");
    execute("PRAGMA journal_mode=WAL");
    execute(options.synchronous_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    execute("PRAGMA cache_size=-" + std::to_string(options.cache_kib));
    sqlite3_wal_hook(database_, after_commit, this);
    execute("PRAGMA cell_size_check=ON");
    execute("PRAGMA temp_store=MEMORY");
    begin_.emplace(database_, "BEGIN IMMEDIATE");
    commit_.emplace(database_, "COMMIT");
  } catch (...) {
    begin_.reset();
    sqlite3_close(database_);
    throw;
  }
}

Sqlite::~Sqlite() {
  begin_.reset();
  commit_.reset();
  // What is on the disk is unknown; the next opening reads it, and nothing is written on top before.
  if (broken_) sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_close(database_);
}

void Sqlite::begin() {
  if (broken_) throw SqliteError{SqliteError::Kind::Broken, "a commit failed before; nothing is written after it"};
  begin_->run();
}

void Sqlite::commit() {
  try {
    commit_->run();
    if (checkpoint_code_ == SQLITE_OK) return;
    throw SqliteError{kind_of(checkpoint_code_), std::string{"checkpoint: "} + sqlite3_errstr(checkpoint_code_) +
                                                     " (SQLite code " + std::to_string(checkpoint_code_) + ")"};
  } catch (const SqliteError& error) {
    broken_ = error.kind() == SqliteError::Kind::Broken;
    throw;
  }
}

/// SQLite's own automatic checkpoint keeps its errors to itself, and with synchronous=NORMAL nothing else syncs. A full
/// disk is no such error: the log is whole and stays until there is room.
int Sqlite::after_commit(void* self, sqlite3* database, const char* name, int log_pages) {
  auto& sqlite = *static_cast<Sqlite*>(self);
  if (log_pages < static_cast<int>(sqlite.checkpoint_pages_)) return SQLITE_OK;
  const int code = sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if ((code & 0xFF) != SQLITE_FULL && (code & 0xFF) != SQLITE_BUSY) sqlite.checkpoint_code_ = code;
  return SQLITE_OK;
}

void Sqlite::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(database_, sql);
}

std::int64_t Sqlite::changes() const { return sqlite3_changes64(database_); }

Transaction::Transaction(Sqlite& database) : database_{database} { database_.begin(); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const SqliteError&) {
    // SQLite has rolled back by itself (full disk, input/output error); the error on its way up says why.
  }
}

void Transaction::commit() {
  database_.commit();
  open_ = false;
}

std::string sqlite_version() { return sqlite3_libversion(); }

}  // namespace solar
