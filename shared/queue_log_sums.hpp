// Checksums of SQLite's log, and the bits that make them fit. Internal to queue*.cpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace solar::wal {

struct Sum {
  std::uint32_t first{};
  std::uint32_t second{};
  bool operator==(const Sum&) const = default;
};

inline std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

inline std::uint32_t word(std::string_view bytes, std::size_t at, bool is_big_endian) {
  std::uint32_t value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return is_big_endian == (std::endian::native == std::endian::big) ? value : __builtin_bswap32(value);
}

/// REQUIRES: whole pairs of words.
inline Sum add(Sum sum, std::string_view bytes, bool is_big_endian) {
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    sum.first += word(bytes, at, is_big_endian) + sum.second;
    sum.second += word(bytes, at + 4, is_big_endian) + sum.first;
  }
  return sum;
}

inline Sum sum_at(std::string_view bytes, std::size_t at) {
  return {.first = big_endian(bytes, at), .second = big_endian(bytes, at + 4)};
}

inline void put_big_endian(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

inline void put_sum(std::string& bytes, std::size_t at, Sum sum) {
  put_big_endian(bytes, at, sum.first);
  put_big_endian(bytes, at + 4, sum.second);
}

inline void turn_over(std::string& part, std::size_t bit) {
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

}  // namespace solar::wal
