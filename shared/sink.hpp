// The courier's way out: one interface over HTTP (forwarder) and MQTT (publisher).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shared/clock.hpp"
#include "shared/delivery.hpp"
#include "shared/reading.hpp"
#include "shared/row_id.hpp"

namespace solar {

/// A reading on its way out.
struct Parcel {
  RowId row;
  Origin origin;
  std::optional<std::string> id;  ///< the sender's own id; nullopt: the row's
  std::string body;
  std::uint32_t crc{};  ///< CRC-32 (zlib) of `body`

  bool operator==(const Parcel&) const = default;
};

/// What became of one reading.
struct Completion {
  RowId row;
  Outcome outcome;

  bool operator==(const Completion&) const = default;
};

/// Takes readings to where they go. Owner: the program; used by the courier's thread alone, but for `wake`.
/// A sink keeps nothing that matters: after a crash the courier sends again.
class Sink {
 public:
  virtual ~Sink() = default;

  /// How many calls of `send` are taken now; 0 while there is no connection.
  [[nodiscard]] virtual std::size_t room() const = 0;

  /// Starts to send and returns at once. One batch is one request or message; every reading in it gets an outcome of
  /// its own. REQUIRES: room() > 0, batch not empty.
  virtual void send(std::span<const Parcel> batch) = 0;

  /// What has completed; waits up to `wait` for the first completion, a `wake` or any other event.
  [[nodiscard]] virtual std::vector<Completion> poll(Millis wait) = 0;

  /// Ends a `poll` that waits, or the next one. Any thread.
  virtual void wake() = 0;
};

}  // namespace solar
