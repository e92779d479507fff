// One line an event, fields as key=value, on standard error. The only file that knows spdlog is log.cpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "shared/clock.hpp"

namespace solar::log {

enum class Level { Debug, Info, Warning, Error };

/// One field of an event. The value is quoted where it holds spaces, quotes, `=` or control characters, so that no
/// input can forge a line.
struct Field {
  Field(std::string_view field_key, std::string_view text) : key{field_key}, value{text} {}
  Field(std::string_view field_key, const char* text) : key{field_key}, value{text} {}
  Field(std::string_view field_key, const std::string& text) : key{field_key}, value{text} {}
  Field(std::string_view field_key, Millis duration);  ///< "15s", "250ms"
  // Versions of clang-format disagree on where a requires clause stands.
  // clang-format off
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Field(std::string_view field_key, Number number) : key{field_key}, value{std::to_string(number)} {}
  // clang-format on

  std::string_view key;
  std::string value;
};

/// "DEBUG", "INFO", "WARNING" or "ERROR"; anything else is Info.
[[nodiscard]] Level parse_level(std::string_view name);

/// Starts logging: nothing below `level`. Call once, before any thread starts.
void start(Level level);

/// `2026-01-28T10:15:00.000Z INFO  connected broker=mqtt://localhost:1883`. Any thread. Before `start`: INFO and above.
/// A value of more than 1 KiB is cut.
void event(Level level, std::string_view what, std::initializer_list<Field> fields = {});

inline void debug(std::string_view what, std::initializer_list<Field> fields = {}) {
  event(Level::Debug, what, fields);
}
inline void info(std::string_view what, std::initializer_list<Field> fields = {}) { event(Level::Info, what, fields); }
inline void warning(std::string_view what, std::initializer_list<Field> fields = {}) {
  event(Level::Warning, what, fields);
}
inline void error(std::string_view what, std::initializer_list<Field> fields = {}) {
  event(Level::Error, what, fields);
}

/// As `event`, but one line per `what` and 10 s; the next line that is let through says `suppressed=N`. At most 64
/// different `what` are remembered, the newest. Any thread.
void limited(Level level, std::string_view what, std::initializer_list<Field> fields = {});

/// The line that stays at the bottom of a terminal (standard error); log lines scroll above it. Empty: none. Cut to the
/// terminal's width. Does nothing where standard error is no terminal. Any thread.
void live_line(std::string_view text);
[[nodiscard]] bool on_terminal();

/// The pure part of `limited`: whether a line may go now, and how many were held back before it.
class RateLimit {
 public:
  static constexpr Millis kInterval{10'000};
  struct Verdict {
    bool pass{};
    std::uint64_t suppressed{};
    bool operator==(const Verdict&) const = default;
  };
  [[nodiscard]] Verdict on_event(Millis steady);

 private:
  bool seen_{};
  Millis last_{};
  std::uint64_t suppressed_{};
};

/// `key=value` with quoting, as it stands in a line.
[[nodiscard]] std::string to_text(const Field& field);

}  // namespace solar::log
