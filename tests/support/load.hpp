// Readings as fast, or as evenly, as one raw MQTT connection carries them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace solar::test {

struct Load {
  std::uint16_t port{1883};
  std::uint64_t readings{100'000};
  std::uint32_t villages{10};
  std::string village{"Village"};  ///< their names: this and a number, or this alone if there is one village
  std::uint32_t batch{1};          ///< readings in one message; more than one: a JSON array
  std::uint32_t window{100};       ///< messages without PUBACK; the broker's receive maximum is kept, too
  double rate{};                   ///< readings per second; 0: as fast as it goes
  std::uint64_t token{};           ///< ids are <token as 16 hex digits>-<n>; 0: no ids
  std::uint64_t first{1};          ///< the first n
};

struct LoadResult {
  std::uint64_t acknowledged{};  ///< readings whose message was PUBACKed
  double seconds{};
};

/// Publishes it all. Every reading carries `sent_ns`, the moment on CLOCK_MONOTONIC at which it was handed to the
/// socket. Throws std::runtime_error if the broker goes away or stops acknowledging for 30 s.
[[nodiscard]] LoadResult publish(const Load& load);

/// `sent_ns` of a reading's body, as a moment of the same machine.
[[nodiscard]] std::chrono::steady_clock::time_point sent_at(std::string_view body);

}  // namespace solar::test
