// A thin, owning layer over SQLite's C interface: a connection, its statements, and errors that say what to do next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace solar {

/// A database operation that failed.
class SqliteError : public std::runtime_error {
 public:
  enum class Kind {
    Full,     ///< the file's limit or the disk: nothing was changed, the database stays usable
    Corrupt,  ///< the file's structure is damaged: end, and salvage at the next opening
    Broken,   ///< input/output error, or anything unforeseen: what is on the disk is unknown, end the process
  };

  SqliteError(Kind kind, const std::string& what) : std::runtime_error{what}, kind_{kind} {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// Settings of SQLite for the whole process: no statistics of memory, whose one lock each allocation of each thread
/// would take (SQLite's manual recommends it, "Recommended Compile-time Options", SQLITE_DEFAULT_MEMSTATUS). Every
/// connection does it; only what uses SQLite's own interface before the first one must call it, for later it has no
/// effect. Any thread.
void configure_sqlite();

/// Bytes bound as a blob: SQLite neither reads nor converts them.
struct Blob {
  std::string_view bytes;
};

/// A prepared statement. Owner: whoever prepared it; the connection must outlive it. Text and blobs are bound by
/// reference: they must live until the next `reset`. REQUIRES: one thread at a time.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;

  /// Binds all arguments in order, from the first parameter; nullopt binds NULL.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  /// Binds the columns of another statement's row, in order, whatever their types; they are copied.
  Statement& bind_row(const Statement& from);

  /// True: a row is there. Throws SqliteError.
  [[nodiscard]] bool step();
  /// Runs a statement that returns no rows, then resets it. Throws SqliteError.
  void run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;  ///< text or blob, byte for byte
  [[nodiscard]] bool is_null(int column) const;

 private:
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view{value}); }
  void bind_one(int index, const std::optional<std::string>& value);
  void bind_one(int index, Blob value);

  sqlite3_stmt* statement_{};
};

struct SqliteOptions {
  std::filesystem::path path;  ///< ":memory:" for a test
  bool synchronous_full{true};
  bool damaged{};  ///< read what can be read: SQLite otherwise refuses a truncated file as a whole
  std::uint32_t cache_kib{1024};
  std::uint32_t checkpoint_pages{4000};  ///< the WAL is written back when it is this long
};

/// Of a new file. A commit writes whole pages, and a reading is small: 1 KiB costs a quarter less per commit than 4
/// KiB.
inline constexpr std::int64_t kPageBytes = 1024;

/// The one connection to a database file (3.7.0 to 3.51.2 can corrupt a WAL that two connections write): WAL,
/// locking_mode=EXCLUSIVE. Throws SqliteError when the file cannot be opened or is no database.
class Sqlite {
 public:
  explicit Sqlite(const SqliteOptions& options);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void execute(const std::string& sql);
  void begin();
  /// Broken: whether the change is on the disk is unknown, and nothing may follow it: `begin` throws from then on. So
  /// it is where the change was committed and a checkpoint after it could not sync.
  void commit();
  [[nodiscard]] Statement prepare(std::string_view sql) { return Statement{database_, sql}; }
  [[nodiscard]] std::int64_t changes() const;  ///< rows changed by the last statement

 private:
  static int after_commit(void* self, sqlite3* database, const char* name, int log_pages);

  sqlite3* database_{};
  std::uint32_t checkpoint_pages_;
  int checkpoint_code_{};  ///< SQLite's, of the last checkpoint
  bool broken_{};
  std::optional<Statement> begin_;
  std::optional<Statement> commit_;
};

/// BEGIN IMMEDIATE .. COMMIT; rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Sqlite& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Sqlite& database_;
  bool open_{true};
};

/// Of the library that runs.
[[nodiscard]] std::string sqlite_version();

}  // namespace solar
