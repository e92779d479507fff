// The durable queue: an outbox on a gateway, an inbox in a forwarder. queue*.cpp and sqlite.cpp are the only files that
// know SQL.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "shared/clock.hpp"
#include "shared/reading.hpp"
#include "shared/row_id.hpp"
#include "shared/sink.hpp"

namespace solar {

struct QueueOptions {
  std::filesystem::path path;   ///< ":memory:" for a test
  bool synchronous_full{true};  ///< FULL: a power cut loses nothing; NORMAL: a death of the process loses nothing
  std::uint64_t max_bytes{512ULL << 20};  ///< pages in use, all tables; appends are refused beyond
  std::uint64_t disk_reserve_bytes{
      8ULL << 20};  ///< appends are refused below this much free disk, so that removals still work
  std::uint64_t unreadable_max_bytes{8ULL << 20};  ///< dead letters that are no readings; the newest win
  std::size_t removals_kept{1000};                 ///< removals that may wait for the next append
  std::uint32_t cache_kib{1024};
  std::uint32_t checkpoint_pages{4000};            ///< of 1 KiB
  std::uint64_t check_at_open_bytes{16ULL << 20};  ///< a file up to this size is checked as a whole when it is opened
  std::uint64_t token{};                           ///< 64 random bits, new at every opening (invariant I4)
};

/// A reading on its way in. The body is kept byte for byte.
struct NewReading {
  Origin origin;
  std::optional<std::string> id;  ///< the sender's; with the body's CRC it makes the reading unique within its origin
  std::string body;
  std::optional<std::size_t> id_at;  ///< where the row's id is to be written into the body (outbox)
};

struct Appended {
  RowId row;
  bool duplicate{};  ///< the same reading is here already; `row` is all zero

  bool operator==(const Appended&) const = default;
};

/// Nothing was accepted, and why.
struct QueueFull {
  std::string why;
};

inline constexpr std::size_t kUnreadableMaxRows = 10'000;

using VillageNumber = std::int64_t;  ///< a village within one database, never used twice

struct TakenRow {
  Parcel parcel;
  VillageNumber village{};
  std::uint32_t round{};  ///< failed rounds so far
  Millis accepted_at{};   ///< wall clock
  bool is_itself{true};   ///< its village, device and id are those that it was written with
};

/// A row that failed a round.
struct Rest {
  RowId row;
  Millis due_at{};  ///< wall clock, over 0: not taken before
  std::uint32_t round{};
};

/// What is no longer on its way but is kept for a person.
enum class AsideKind : std::uint8_t {
  Refused = 0,      ///< the other side says that it is wrong; never evicted
  Unreadable = 1,   ///< was never a reading; the newest win
  Quarantined = 2,  ///< its bytes no longer match their CRC; never evicted
};

struct Aside {
  std::int64_t number{};  ///< by which commands name it
  AsideKind kind{};
  std::string topic;  ///< of an unreadable message
  std::optional<std::string> content_encoding;
  Origin origin;  ///< of a refused or quarantined reading
  std::string id;
  std::string body;
  std::string reason;
  Millis at{};  ///< wall clock
};

/// A message, or a part of one, that is no reading.
struct Unreadable {
  std::string_view bytes;
  std::string reason;
};

struct QueueStats {
  std::uint64_t waiting{};        ///< readings not delivered yet
  std::uint64_t waiting_bytes{};  ///< of their bodies
  std::uint64_t refused{};
  std::uint64_t unreadable{};
  std::uint64_t quarantined{};
  std::optional<Millis> oldest_accepted_at;  ///< wall clock, of the readings that wait
  std::optional<Millis>
      newest_accepted_at;      ///< wall clock, of the last reading since the file was opened, or that waits
  std::uint64_t used_bytes{};  ///< pages in use
  std::uint64_t max_bytes{};
  double readings_per_day{};  ///< accepted, over the last day or two; 0: not known
  double bytes_per_day{};     ///< of the file, for them
};

/// Readings in the order of their acceptance, each committed before `append` returns, each removed only by `remove` or
/// `refuse`.
///
/// Owner: the program, which holds the instance lock. Threads: any; one mutex, never held while anything but SQLite is
/// called. Survives: any death of the process; with synchronous_full also of the machine. Removals may be lost (that
/// only sends again). Throws SqliteError: Corrupt and Broken everywhere (end the process); Full only where said.
class Queue {
 public:
  using Skip = std::function<bool(std::int64_t seq)>;

  /// Opens or creates. A file that is no database, or is seen to be damaged while it is opened (all of it is checked if
  /// it is small, or `mark_suspect` marked it), is set aside as `<path>.damaged-<n>`, its whole rows are salvaged into
  /// a new one.
  explicit Queue(const QueueOptions& options);
  ~Queue();  ///< writes the removals that still wait
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// All or nothing, durable on return. QueueFull: nothing was accepted.
  [[nodiscard]] std::variant<std::vector<Appended>, QueueFull> append(std::span<const NewReading> readings,
                                                                      Millis wall);

  // Taking: rows stay where they are; the caller remembers what it holds.

  /// Villages with rows, and since then those that got new ones; each call tells what is new since the last.
  [[nodiscard]] std::vector<VillageNumber> take_news();
  /// Rows of a village that never rested, in order, after `after_seq`: at most `limit` and, but for the first,
  /// `max_bytes` of bodies.
  [[nodiscard]] std::vector<TakenRow> fresh(VillageNumber village, std::int64_t after_seq, std::size_t limit,
                                            std::size_t max_bytes);
  /// Rows that rested and are due by now (or too far off: clocks jump), earliest first.
  [[nodiscard]] std::vector<TakenRow> due(VillageNumber village, Millis wall, const Skip& skip, std::size_t limit);
  /// When the next resting row of a village is due, wall clock.
  [[nodiscard]] std::optional<Millis> next_due(VillageNumber village, const Skip& skip);
  /// The newest rows after `after_seq` that never rested, newest first.
  [[nodiscard]] std::vector<RowId> newest(std::int64_t after_seq, std::size_t limit);
  /// A row again; nullopt: it is gone (or has just been quarantined).
  [[nodiscard]] std::optional<TakenRow> read(const RowId& row);
  /// Whether the row is here and has rested: then it was sent before.
  [[nodiscard]] bool has_rested(const RowId& row);
  /// Whether the row may have been sent before and is not to be settled now: one of this opening that is gone, or one
  /// that waits here since an earlier opening. Who was settled before this opening is not known any more.
  [[nodiscard]] bool may_have_gone(const RowId& row);
  /// Whether no row but removed ones is left of that origin and sender's id.
  [[nodiscard]] bool settled(const Origin& origin, const std::string& id);
  [[nodiscard]] std::int64_t last_seq() const { return last_seq_; }

  // Settling. Full: nothing was changed; try again when there is room on the disk.

  /// The rows are delivered. Takes effect at once for all calls here, on the disk with the next append or when
  /// `removals_kept` wait.
  void remove(std::span<const RowId> rows);
  void flush_removals();
  /// The rows are not taken before their due times; in one transaction.
  void rest(std::span<const Rest> rows);
  /// The row is wrong: kept aside as refused, for a person.
  void refuse(const RowId& row, const std::string& reason, Millis wall);

  // Aside. Full: as for settling.

  /// What one message brought, a row for each part, in one transaction.
  void set_aside_unreadable(const std::string& topic, const std::optional<std::string>& content_encoding,
                            std::span<const Unreadable> parts, Millis wall);
  [[nodiscard]] std::vector<Aside> aside(AsideKind kind, std::int64_t after_number, std::size_t limit);
  /// A refused row back into the queue, under its old id; false: no such number.
  bool retry_refused(std::int64_t number);
  /// Puts refused rows back that were last offered a day ago or longer, at most `limit`; tells how many.
  std::size_t offer_refused(Millis wall, std::size_t limit);
  bool drop_aside(AsideKind kind, std::int64_t number);

  [[nodiscard]] QueueStats stats(Millis wall);
  /// Whether a row without a sender's id waits: nobody else keeps it. Reads the whole index; for the end of a process.
  [[nodiscard]] bool holds_plain_rows();
  [[nodiscard]] bool is_empty() const;                                      ///< nothing waits
  [[nodiscard]] double used_fraction() const;                               ///< of max_bytes, 0 to 1 and a little more
  [[nodiscard]] double village_fraction(const std::string& village) const;  ///< of max_bytes, by the bodies that wait

  /// 64 random bits kept with the data, e.g. for the client id; drawn from `fresh_bits` the first time or when `renew`.
  [[nodiscard]] std::uint64_t kept_bits(std::uint64_t fresh_bits, bool renew = false);

  /// Leaves a note beside the file that its structure must be checked at the next opening. Async: no database is
  /// touched.
  static void mark_suspect(const std::filesystem::path& path);

 private:
  class Tables;  // the statements, the counters and the schema's upgrades

  [[nodiscard]] std::optional<QueueFull> why_full(std::uint64_t more_bytes);
  void forget_removals();
  void write_removals();
  std::vector<TakenRow> whole(std::vector<TakenRow> rows);
  bool is_whole(const TakenRow& row);
  bool put_back(std::int64_t number);
  void quarantine(const TakenRow& row);
  [[nodiscard]] bool removed(std::int64_t seq) const { return removed_.contains(seq); }

  mutable std::mutex mutex_;
  QueueOptions options_;
  std::unique_ptr<Tables> tables_;
  std::vector<RowId> removals_;               // not on the disk yet
  std::unordered_set<std::int64_t> removed_;  // their seqs
  std::unordered_set<VillageNumber> news_;
  std::atomic<std::int64_t> last_seq_{};
  std::optional<Millis> last_accepted_at_;  // wall clock
  std::uint64_t disk_checked_bytes_{};      // may still be appended before the disk is looked at again
};

}  // namespace solar
