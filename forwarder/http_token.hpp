// The bearer token: a file that may change while the program runs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "shared/clock.hpp"

namespace solar {

/// The header for central that holds the token, read again when the file has changed; looked at once a second at most.
/// The token is never logged. Owner: one thread.
class BearerToken {
 public:
  static constexpr Millis kLookInterval{1'000};
  static constexpr std::size_t kMaxBytes = 8 * 1024;

  /// Empty: none.
  explicit BearerToken(std::string file) : file_{std::move(file)} {}

  /// Looks at the file if it is time to.
  void look(Millis steady);

  /// "Authorization: Bearer ..."; empty where no file is set. REQUIRES: no problem.
  [[nodiscard]] const std::string& header() const { return header_; }
  /// Why there is no token though a file is set; one line for people.
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }
  /// Another number whenever the header has changed.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

 private:
  struct Version {
    ino_t inode{};
    std::int64_t changed_ns{};
    off_t bytes{};
    mode_t mode{};
    bool operator==(const Version&) const = default;
  };

  void read();

  std::string file_;
  std::string header_;
  std::optional<std::string> problem_;
  std::optional<Version> version_;
  std::optional<Millis> looked_;
  std::uint64_t generation_{};
};

}  // namespace solar
