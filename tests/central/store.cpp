#include "tests/central/store.hpp"

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

// Keys never expire, so every reading stays. `n` is the cursor of GET ?since=.
static constexpr const char* kSchema =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;"
    "CREATE TABLE IF NOT EXISTS readings("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, village TEXT NOT NULL,"
    "  received_at_ms INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS readings_by_village ON readings(village, n);";

namespace solar::central {
namespace {

constexpr std::size_t kCommitMax = 512;      ///< arrivals in one commit
constexpr std::size_t kWaitingMax = 10'000;  ///< arrivals that may wait for a commit

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

[[noreturn]] void fail(sqlite3* database, const std::string& what) {
  throw std::runtime_error{what + ": " + sqlite3_errmsg(database)};
}

Database open(const std::filesystem::path& path, int flags) {
  sqlite3* raw = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_FULLMUTEX, nullptr);
  Database database{raw};
  if (result != SQLITE_OK) fail(raw, "cannot open " + path.string());
  return database;
}

void execute(const Database& database, const char* sql) {
  if (sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(database.get(), "cannot execute");
}

class Statement {
 public:
  Statement(const Database& database, const char* sql) : database_{database.get()} {
    if (sqlite3_prepare_v2(database_, sql, -1, &statement_, nullptr) != SQLITE_OK) fail(database_, "cannot prepare");
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int index, const std::string& text) {
    sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind(int index, std::int64_t number) { sqlite3_bind_int64(statement_, index, number); }
  [[nodiscard]] bool step() {
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) fail(database_, "cannot step");
    return result == SQLITE_ROW;
  }
  void reset() { sqlite3_reset(statement_); }
  [[nodiscard]] std::int64_t number(int column) { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string text(int column) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes == nullptr ? std::string{}
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_{};
};

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct Waiting {
  Arrival arrival;
  std::promise<Stored> answer;
  Stored result{Stored::Failed};
};

}  // namespace

class Store::State {
 public:
  explicit State(const std::filesystem::path& path)
      : writing_{prepared(path)},
        reading_{open(path, SQLITE_OPEN_READONLY)},
        insert_{writing_,
                "INSERT INTO readings(key, village, received_at_ms, body) VALUES(?1, ?2, ?3, CAST(?4 AS BLOB)) ON "
                "CONFLICT(key) DO NOTHING"},
        find_{writing_, "SELECT body FROM readings WHERE key = ?1"},
        count_{counted()},
        writer_{[this] { write(); }} {}

  ~State() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
    writer_.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Stored put(Arrival arrival) {
    std::future<Stored> answer;
    {
      const std::lock_guard lock{mutex_};
      if (stopping_ || waiting_.size() >= kWaitingMax) return Stored::Failed;
      Waiting& added = waiting_.emplace_back();
      added.arrival = std::move(arrival);
      answer = added.answer.get_future();
    }
    changed_.notify_one();
    return answer.get();
  }

  std::vector<Row> page(const Selection& selection, std::size_t limit) const {
    const char* sql = selection.village.empty() ? "SELECT n, key, received_at_ms, body FROM readings WHERE n > ?1 AND "
                                                  "received_at_ms >= ?2 ORDER BY n LIMIT ?3"
                                                : "SELECT n, key, received_at_ms, body FROM readings WHERE n > ?1 AND "
                                                  "received_at_ms >= ?2 AND village = ?4 ORDER BY n LIMIT ?3";
    const std::lock_guard lock{reading_mutex_};
    Statement select{reading_, sql};
    select.bind(1, selection.after_n);
    select.bind(2, selection.since_ms);
    select.bind(3, static_cast<std::int64_t>(limit));
    if (!selection.village.empty()) select.bind(4, selection.village);
    std::vector<Row> rows;
    while (select.step()) rows.push_back({select.number(0), select.text(1), select.number(2), select.text(3)});
    return rows;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static Database prepared(const std::filesystem::path& path) {
    Database database = open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    execute(database, kSchema);
    return database;
  }

  std::uint64_t counted() const {
    Statement count{writing_, "SELECT count(*) FROM readings"};
    return count.step() ? static_cast<std::uint64_t>(count.number(0)) : 0;
  }

  void write() {
    while (true) {
      std::deque<Waiting> batch = next_batch();
      if (batch.empty()) return;
      commit(batch);
      for (Waiting& waiting : batch) waiting.answer.set_value(waiting.result);
    }
  }

  std::deque<Waiting> next_batch() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    std::deque<Waiting> batch;
    while (!waiting_.empty() && batch.size() < kCommitMax) {
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return batch;
  }

  void commit(std::deque<Waiting>& batch) {
    try {
      std::uint64_t added = 0;
      execute(writing_, "BEGIN IMMEDIATE");
      for (Waiting& waiting : batch) {
        waiting.result = insert(waiting.arrival);
        added += waiting.result == Stored::New ? 1 : 0;
      }
      execute(writing_, "COMMIT");
      count_ += added;
    } catch (const std::runtime_error&) {
      insert_.reset();
      find_.reset();
      sqlite3_exec(writing_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      for (Waiting& waiting : batch) waiting.result = Stored::Failed;
    }
  }

  Stored insert(const Arrival& arrival) {
    insert_.reset();
    insert_.bind(1, arrival.key);
    insert_.bind(2, arrival.village);
    insert_.bind(3, now_ms());
    insert_.bind(4, arrival.body);
    const int before = sqlite3_total_changes(writing_.get());
    [[maybe_unused]] const bool row = insert_.step();
    insert_.reset();
    if (sqlite3_total_changes(writing_.get()) != before) return Stored::New;
    find_.bind(1, arrival.key);
    const bool same = find_.step() && find_.text(0) == arrival.body;
    find_.reset();
    return same ? Stored::Again : Stored::Different;
  }

  Database writing_;
  Database reading_;
  Statement insert_;
  Statement find_;
  std::atomic<std::uint64_t> count_;
  mutable std::mutex reading_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stopping_{};
  std::thread writer_;  // last: it uses all of the above
};

Store::Store(const std::filesystem::path& database) : state_{std::make_unique<State>(database)} {}
Store::~Store() = default;

Stored Store::put(Arrival arrival) { return state_->put(std::move(arrival)); }
std::vector<Row> Store::page(const Selection& selection, std::size_t limit) const {
  return state_->page(selection, limit);
}
std::uint64_t Store::count() const { return state_->count(); }

}  // namespace solar::central
