// Format, as SQLite's "WAL-mode File Format" tells it; numbers are big-endian:
//
//   header  magic, version, page size, checkpoint number, salt of 8 bytes, checksum of 8 bytes
//   frames  page number, 0 or the database's pages after a commit, salt, checksum, the page
//
// A frame's checksum runs over all frames before it, so the first wrong one hides what follows. Frames with another
// salt are left over from before the log was last begun anew.
#include "shared/queue_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "shared/file_descriptor.hpp"
#include "shared/log.hpp"
#include "shared/queue.hpp"
#include "shared/queue_log_sums.hpp"
#include "shared/queue_tables.hpp"
#include "shared/sqlite.hpp"

namespace solar {

namespace fs = std::filesystem;

namespace {

using namespace wal;

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // the last bit: checksums of big-endian words

/// What is mended stands in a copy until `put_in_place`: with half of its sums new the log could not be mended again.
class Log {
 public:
  /// `database_bytes`: of the file that the log belongs to.
  Log(const fs::path& path, std::size_t database_bytes)
      : path_{path},
        file_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)},
        bytes_{fs::file_size(path)},
        database_bytes_{database_bytes} {
    if (!file_.valid()) fail("cannot open");
    fs::remove(copy_path());
  }

  /// False: what was accepted is lost with it.
  [[nodiscard]] bool mend() {
    if (bytes_ < kHeaderBytes + kFrameHeaderBytes) return true;
    if (!begin()) {
      log::error("the log is damaged from its begin; readings in it are lost, unless their senders keep them",
                 {{"file", path_.string()}, {"bytes", bytes_}});
      return false;
    }
    std::size_t number = 0;
    for (; at(number + 1) <= bytes_; ++number) {
      std::string frame = read(at(number), frame_bytes_);
      if (!fits(frame, sum_) && !mend(number, frame)) break;
      sum_ = sum_at(frame, 16);
      chain_on(number, frame);
    }
    return tell_what_is_lost(number);
  }

  [[nodiscard]] bool is_changed() const { return mended_ > 0; }

  void put_in_place() const {
    if (::fsync(file_.get()) != 0) fail("cannot sync");
    if (fs::exists(copy_path())) fs::rename(copy_path(), path_);
    const FileDescriptor folder{::open(fs::absolute(path_).parent_path().c_str(), O_RDONLY | O_CLOEXEC)};
    if (!folder.valid() || ::fsync(folder.get()) != 0) fail("cannot sync the folder of");
    log::error("bits had turned over in the log beside the database, mended; check the disk",
               {{"file", path_.string()}, {"places", mended_}});
  }

 private:
  [[nodiscard]] std::size_t at(std::size_t number) const { return kHeaderBytes + number * frame_bytes_; }

  /// Reads the header, and puts it right if the first frame fits what it is then.
  [[nodiscard]] bool begin() {
    std::string header = read(0, kHeaderBytes);
    const auto header_fits = [](std::string_view tried) {
      const std::uint32_t magic = big_endian(tried, 0);
      return (magic | 1U) == (kMagic | 1U) && add({}, tried.substr(0, 24), (magic & 1U) != 0) == sum_at(tried, 24);
    };
    if (header_fits(header)) {
      static_cast<void>(take_header(header));
      return true;
    }
    for (const std::size_t bit : bits_that_fit(header, header_fits)) {
      turn_over(header, bit);
      if (take_header(header) && fits(read(kHeaderBytes, frame_bytes_), sum_)) {
        write(0, header);
        ++mended_;
        return true;
      }
      turn_over(header, bit);
    }
    return false;
  }

  /// False: there is no whole frame.
  [[nodiscard]] bool take_header(std::string_view header) {
    is_big_endian_ = (big_endian(header, 0) & 1U) != 0;
    frame_bytes_ = kFrameHeaderBytes + big_endian(header, 8);
    salt_ = header.substr(16, 8);
    sum_ = new_sum_ = sum_at(header, 24);
    return frame_bytes_ % 8 == 0 && at(1) <= bytes_;
  }

  /// The checksum of all up to this frame, by what stands in it; `sum`: of all before it.
  [[nodiscard]] Sum sum_with(std::string_view frame, Sum sum) const {
    return add(add(sum, frame.substr(0, 8), is_big_endian_), frame.substr(kFrameHeaderBytes), is_big_endian_);
  }

  [[nodiscard]] bool fits(std::string_view frame, Sum sum) const {
    return frame.substr(8, 8) == salt_ && sum_with(frame, sum) == sum_at(frame, 16);
  }

  [[nodiscard]] bool next_fits(std::size_t number, Sum sum) const {
    return at(number + 2) <= bytes_ && fits(read(at(number + 1), frame_bytes_), sum);
  }

  /// Page numbers that the database may have, given its size and the log's.
  [[nodiscard]] bool is_plausible(std::string_view frame) const {
    const std::size_t pages_max = (database_bytes_ + bytes_) / (frame_bytes_ - kFrameHeaderBytes);
    const std::uint32_t page = big_endian(frame, 0);
    return page >= 1 && page <= pages_max && big_endian(frame, 4) <= pages_max;
  }

  /// Whether only one bit is wrong, or only the checksum: then it is damage, and no end of the log. Two places often
  /// weigh the same, such as the page's last word and the checksum's second; the next frame tells what the checksum
  /// is. Where it still cannot be told which bit, the page stays as it is: it is checked as every damaged one, and the
  /// reading by its CRC.
  [[nodiscard]] bool mend(std::size_t number, std::string& frame) {
    if (!is_of_this_log(frame)) return false;
    const Sum computed = sum_with(frame, sum_);
    if (next_fits(number, computed)) {
      frame.replace(8, 8, salt_);
      put_sum(frame, 16, computed);
    } else {
      auto bits = bits_that_fit(frame, [this](std::string_view tried) { return fits(tried, sum_); });
      if (bits.empty()) return false;
      const bool sum_is_right = next_fits(number, sum_at(frame, 16));
      std::erase_if(bits, [&](std::size_t bit) {
        std::string head = frame.substr(0, kFrameHeaderBytes);
        if (bit < head.size() * 8) turn_over(head, bit);
        return !is_plausible(head) || (sum_is_right && bit >= 16 * 8 && bit < kFrameHeaderBytes * 8);
      });
      if (bits.size() == 1) turn_over(frame, bits.front());
    }
    ++mended_;
    changed_ = true;
    return true;
  }

  /// Once something was changed, all later checksums are new.
  void chain_on(std::size_t number, std::string& frame) {
    if (!changed_) {
      new_sum_ = sum_;
      return;
    }
    new_sum_ = sum_with(frame, new_sum_);
    put_sum(frame, 16, new_sum_);
    write(at(number), frame);
  }

  /// Its salt is right but for a bit.
  [[nodiscard]] bool is_of_this_log(std::string_view frame) const {
    int bits = 0;
    for (std::size_t i = 0; i < salt_.size(); ++i) {
      bits += std::popcount(static_cast<unsigned char>(frame[8 + i] ^ salt_[i]));
    }
    return bits <= 1;
  }

  /// `number`: the first frame that SQLite will not take. With FULL a frame behind a commit was written after that
  /// commit was synced, so what is missing before it is damage; anything else may be what a power cut leaves.
  [[nodiscard]] bool tell_what_is_lost(std::size_t number) const {
    std::size_t commits = 0;
    bool more = false;
    for (std::size_t next = number; at(next) + frame_bytes_ <= bytes_; ++next) {
      const std::string head = read(at(next), kFrameHeaderBytes);
      if (!is_of_this_log(head)) continue;
      more = more || commits > 0;
      if (big_endian(head, 4) != 0) ++commits;
    }
    if (more) {
      log::error("the log is damaged; readings accepted after this place are lost, unless their senders keep them",
                 {{"file", path_.string()}, {"frame", number}, {"commits", commits}});
    } else if (commits > 0) {
      log::warning("the log's last transaction is not whole: a power cut, or damage",
                   {{"file", path_.string()}, {"frame", number}});
    }
    return !more;
  }

  [[nodiscard]] std::string read(std::size_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    if (::pread(file_.get(), bytes.data(), size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) {
      fail("cannot read");
    }
    return bytes;
  }

  [[nodiscard]] fs::path copy_path() const { return path_.string() + ".mending"; }

  void write(std::size_t offset, std::string_view bytes) {
    if (!is_writable_) begin_copy();
    if (::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) !=
        static_cast<ssize_t>(bytes.size())) {
      fail("cannot write");
    }
  }

  void begin_copy() {
    std::error_code error;
    fs::copy_file(path_, copy_path(), error);
    if (error) {
      log::warning("no copy can be made of the log, it is mended in its place",
                   {{"file", path_.string()}, {"error", error.message()}});
      fs::remove(copy_path());
    }
    file_ = FileDescriptor{::open((error ? path_ : copy_path()).c_str(), O_RDWR | O_CLOEXEC)};
    if (!file_.valid()) fail("cannot open a copy of");
    is_writable_ = true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw SqliteError{SqliteError::Kind::Broken, what + " " + path_.string() + ": " + std::strerror(errno)};
  }

  fs::path path_;
  FileDescriptor file_;
  std::size_t bytes_;
  std::size_t database_bytes_;
  std::size_t frame_bytes_{kFrameHeaderBytes};
  std::string salt_;
  Sum sum_;      // of all frames so far, as they stand in the file
  Sum new_sum_;  // as they will
  bool is_big_endian_{};
  std::size_t mended_{};  // places
  bool changed_{};
  bool is_writable_{};
};

/// SQLite is about to write over it. Kept once for every damaged file that a salvage has set aside.
void keep_aside(const fs::path& database) {
  const fs::path kept = aside_path(database).string() + "-wal";
  std::error_code error;
  if (!fs::exists(kept)) fs::copy_file(database.string() + "-wal", kept, error);
  if (error) {
    fs::remove(kept);
    log::error("the damaged log could not be kept", {{"file", kept.string()}, {"error", error.message()}});
  } else {
    log::error("the damaged log is kept beside the database", {{"file", kept.string()}});
  }
}

}  // namespace

void mend_log(const fs::path& database) {
  const fs::path path = database.string() + "-wal";
  if (!fs::exists(path)) return;
  std::error_code missing;
  const auto database_bytes = fs::file_size(database, missing);
  Log log{path, missing ? 0 : database_bytes};
  if (!log.mend()) keep_aside(database);
  if (!log.is_changed()) return;
  Queue::mark_suspect(database);
  log.put_in_place();
}

}  // namespace solar
