// Bits that turn over in a closed database, and how many of its rows that can cost.
#pragma once

#include <cstddef>
#include <filesystem>
#include <random>
#include <string>

namespace solar::test {

struct Damage {
  std::size_t rows{};      ///< readings in the database
  std::size_t rows_hit{};  ///< on pages of readings in which a bit turned over: more cannot be lost by it
  bool log_ends{};         ///< two bits in one frame of the log: all that was committed there and later may be lost
  std::string what;        ///< for people: file, page and bit of each
};

/// Turns over `bits` bits, each anywhere in the database or in the log beside it. REQUIRES: nobody has it open, and it
/// has at least one page.
[[nodiscard]] Damage flip_bits(const std::filesystem::path& database, std::mt19937_64& random, int bits);

}  // namespace solar::test
