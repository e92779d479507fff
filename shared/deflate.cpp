#include "shared/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

namespace solar {
namespace {

constexpr std::size_t kFirstGuessFactor = 8;
constexpr std::size_t kFirstGuessMinBytes = 1024;

/// An open zlib inflate stream over `input`.
class InflateStream {
 public:
  explicit InflateStream(std::string_view input) {
    // zlib's interface takes no pointer to const, and does not write.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    if (inflateInit(&stream_) != Z_OK) throw std::bad_alloc{};
  }
  ~InflateStream() { inflateEnd(&stream_); }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  /// Fills `out` from what it holds already; zlib's verdict.
  int fill(std::string& out) {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data()) + stream_.total_out;
    stream_.avail_out = static_cast<uInt>(out.size() - stream_.total_out);
    return inflate(&stream_, Z_NO_FLUSH);
  }

  [[nodiscard]] std::size_t written() const { return stream_.total_out; }
  [[nodiscard]] bool output_full() const { return stream_.avail_out == 0; }
  [[nodiscard]] bool input_left() const { return stream_.avail_in > 0; }

 private:
  z_stream stream_{};
};

Problem broken(std::string_view bytes, std::string what) {
  return {std::move(what), shortened(bytes), "send whole zlib data (RFC 1950), or no content-encoding"};
}

}  // namespace

std::string deflated(std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) throw std::length_error{"too much to deflate at once"};
  auto size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int result =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  if (result != Z_OK) throw std::bad_alloc{};
  out.resize(size);
  return out;
}

Result<std::string> inflated(std::string_view bytes, std::size_t max_bytes) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) return broken(bytes, "too much deflated data");
  InflateStream stream{bytes};
  std::string out;
  // One byte over the limit shows that there is more, without inflating it.
  std::size_t room = std::min(max_bytes + 1, std::max(kFirstGuessMinBytes, bytes.size() * kFirstGuessFactor));
  for (;;) {
    out.resize(room);
    const int verdict = stream.fill(out);
    if (stream.written() > max_bytes) {
      return broken(bytes, "inflates to more than " + std::to_string(max_bytes) + " bytes");
    }
    if (verdict == Z_STREAM_END) break;
    if (verdict == Z_MEM_ERROR) throw std::bad_alloc{};
    if (verdict != Z_OK && verdict != Z_BUF_ERROR) return broken(bytes, "damaged deflated data");
    if (!stream.output_full()) return broken(bytes, "deflated data cut short");
    room = std::min(max_bytes + 1, room * 2);
  }
  if (stream.input_left()) return broken(bytes, "bytes after the deflated data");
  out.resize(stream.written());
  return out;
}

}  // namespace solar
