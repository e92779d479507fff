#include "shared/random_bits.hpp"

#include <random>

namespace solar {

std::uint64_t random_bits() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace solar
