// Reading an MQTT packet field by field.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace solar::test::mqtt {

/// Reads the fields of a packet one after the other; throws std::out_of_range at its end. The bytes outlive it.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_{bytes} {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8U | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16U | u16();
  }
  std::string text() { return std::string{take(u16())}; }
  std::size_t variable() {
    std::size_t value = 0;
    for (unsigned shift = 0; shift <= 21; shift += 7) {
      const std::uint8_t part = u8();
      value |= static_cast<std::size_t>(part & 0x7FU) << shift;
      if (part < 0x80) return value;
    }
    throw std::out_of_range{"length of more than four bytes"};
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw std::out_of_range{"short packet"};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace solar::test::mqtt
