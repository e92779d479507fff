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
#include "shared/sqlite.hpp"

namespace solar {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // the last bit: checksums of big-endian words

struct Sum {
  std::uint32_t first{};
  std::uint32_t second{};
  bool operator==(const Sum&) const = default;
};

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t word(std::string_view bytes, std::size_t at, bool is_big_endian) {
  std::uint32_t value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return is_big_endian == (std::endian::native == std::endian::big) ? value : __builtin_bswap32(value);
}

/// REQUIRES: whole pairs of words.
Sum add(Sum sum, std::string_view bytes, bool is_big_endian) {
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    sum.first += word(bytes, at, is_big_endian) + sum.second;
    sum.second += word(bytes, at + 4, is_big_endian) + sum.first;
  }
  return sum;
}

Sum sum_at(std::string_view bytes, std::size_t at) {
  return {.first = big_endian(bytes, at), .second = big_endian(bytes, at + 4)};
}

void turn_over(std::string& part, std::size_t bit) {
  part[bit / 8] = static_cast<char>(part[bit / 8] ^ (1 << (bit % 8)));
}

/// Where a bit turned over would make `part` fit; `fits` must be cheap, it is asked for every bit. Several: high bits
/// of a word weigh the same in many places.
template <class Fits>
std::vector<std::size_t> bits_that_fit(std::string& part, Fits fits) {
  std::vector<std::size_t> bits;
  for (std::size_t bit = 0; bit < part.size() * 8; ++bit) {
    turn_over(part, bit);
    if (fits(part)) bits.push_back(bit);
    turn_over(part, bit);
  }
  return bits;
}

class Log {
 public:
  explicit Log(const fs::path& path)
      : path_{path}, file_{::open(path.c_str(), O_RDWR | O_CLOEXEC)}, bytes_{fs::file_size(path)} {
    if (!file_.valid()) fail("cannot open");
  }

  /// Tells how many bits were wrong.
  std::size_t mend() {
    if (bytes_ < kHeaderBytes + kFrameHeaderBytes) return 0;
    if (!begin()) {
      log::error("the log is damaged from its begin; readings in it are lost, unless their senders keep them",
                 {{"file", path_.string()}, {"bytes", bytes_}});
      return 0;
    }
    std::size_t number = 0;
    for (; at(number) + frame_bytes_ <= bytes_; ++number) {
      std::string frame = read(at(number), frame_bytes_);
      if (!fits(frame) && !mend(frame)) break;
      sum_ = sum_at(frame, 16);
      chain_on(number, frame);
    }
    if (mended_ > 0) {
      if (::fsync(file_.get()) != 0) fail("cannot sync");
      log::error("bits had turned over in the log beside the database, mended; check the disk",
                 {{"file", path_.string()}, {"bits", mended_}});
    }
    tell_what_is_lost(number);
    return mended_;
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
      if (take_header(header) && fits(read(kHeaderBytes, frame_bytes_))) {
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

  [[nodiscard]] bool fits(std::string_view frame) const {
    if (frame.substr(8, 8) != salt_) return false;
    const Sum sum = add(sum_, frame.substr(0, 8), is_big_endian_);
    return add(sum, frame.substr(kFrameHeaderBytes), is_big_endian_) == sum_at(frame, 16);
  }

  /// Whether only one bit is wrong: then it is damage, and no end of the log. Where it cannot be told which bit, the
  /// page stays as it is: it is checked as every damaged one, and the reading by its CRC.
  [[nodiscard]] bool mend(std::string& frame) {
    if (!is_of_this_log(frame)) return false;
    const auto bits = bits_that_fit(frame, [this](std::string_view tried) { return fits(tried); });
    if (bits.empty()) return false;
    if (bits.size() == 1) turn_over(frame, bits.front());
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
    new_sum_ = add(new_sum_, std::string_view{frame}.substr(0, 8), is_big_endian_);
    new_sum_ = add(new_sum_, std::string_view{frame}.substr(kFrameHeaderBytes), is_big_endian_);
    for (std::size_t i = 0; i < 4; ++i) {
      frame[16 + i] = static_cast<char>(new_sum_.first >> (24 - 8 * i));
      frame[20 + i] = static_cast<char>(new_sum_.second >> (24 - 8 * i));
    }
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
  void tell_what_is_lost(std::size_t number) const {
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
  }

  [[nodiscard]] std::string read(std::size_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    if (::pread(file_.get(), bytes.data(), size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) {
      fail("cannot read");
    }
    return bytes;
  }

  void write(std::size_t offset, std::string_view bytes) const {
    if (::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) !=
        static_cast<ssize_t>(bytes.size())) {
      fail("cannot write");
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw SqliteError{SqliteError::Kind::Broken, what + " " + path_.string() + ": " + std::strerror(errno)};
  }

  fs::path path_;
  FileDescriptor file_;
  std::size_t bytes_;
  std::size_t frame_bytes_{kFrameHeaderBytes};
  std::string salt_;
  Sum sum_;      // of all frames so far, as they stand in the file
  Sum new_sum_;  // as they will
  bool is_big_endian_{};
  std::size_t mended_{};  // bits
  bool changed_{};
};

}  // namespace

void mend_log(const fs::path& database) {
  const fs::path path = database.string() + "-wal";
  if (fs::exists(path) && Log{path}.mend() > 0) Queue::mark_suspect(database);
}

}  // namespace solar
