// Randomness from the operating system: for tokens, client ids and the seeds of jitter.
#pragma once

#include <cstdint>

namespace solar {

/// 64 random bits from the operating system. Any thread. Every other random number of the programs comes from a
/// generator that was seeded with these.
[[nodiscard]] std::uint64_t random_bits();

}  // namespace solar
