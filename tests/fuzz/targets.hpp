// Everything that reads bytes from outside, as functions of those bytes that throw where a promise is broken.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace solar::test {

struct FuzzTarget {
  std::string_view name;  ///< also of its folder below corpus/
  void (*run)(std::string_view bytes);
};

[[nodiscard]] std::vector<FuzzTarget> payload_targets();  ///< what comes over MQTT
[[nodiscard]] std::vector<FuzzTarget> text_targets();     ///< settings, lines, HTTP answers
[[nodiscard]] std::vector<FuzzTarget> fuzz_targets();     ///< all

inline void promise(bool kept, const char* what) {
  if (!kept) throw std::logic_error{std::string{"broken promise: "} + what};
}

/// Takes the first byte of `bytes` off as a choice; 0 where there is none.
inline unsigned take_choice(std::string_view& bytes) {
  if (bytes.empty()) return 0;
  const auto choice = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return choice;
}

}  // namespace solar::test
