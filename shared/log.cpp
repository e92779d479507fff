#include "shared/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "shared/units.hpp"
#include "shared/utf8.hpp"

namespace solar::log {
namespace {

constexpr std::size_t kValueMaxBytes = 1024;
constexpr std::string_view kClearLine = "\r\x1b[2K";

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // There is nowhere left to complain to.
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

/// `text` without what would not fit into the line, counting one column per character.
std::string_view cut_to_columns(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (; end < text.size() && columns > 0; --columns) {
    end += std::max<std::size_t>(utf8_length(text.substr(end)), 1);
  }
  return text.substr(0, end);
}

/// Standard error, with the live line kept below whatever is logged.
class TerminalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void set_live_line(std::string_view text) {
    const std::lock_guard lock{mutex_};
    live_line_ = text;
    write_all(std::string{kClearLine} + fitting_live_line());
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const std::string_view text{line.data(), line.size()};
    // One write per line: other processes may share this standard error.
    if (live_line_.empty()) {
      write_all(text);
    } else {
      write_all(std::string{kClearLine}.append(text).append(fitting_live_line()));
    }
  }
  void flush_() override {}

 private:
  [[nodiscard]] std::string fitting_live_line() const {
    return std::string{cut_to_columns(live_line_, terminal_columns() - 1)};
  }

  std::string live_line_;
};

/// spdlog's own names are neither those of LOG_LEVEL nor of one width.
class LevelName final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& out) override {
    const std::string_view name = name_of(message.level);
    out.append(name.data(), name.data() + name.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelName>(); }

 private:
  static std::string_view name_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug:
        return "DEBUG";
      case spdlog::level::info:
        return "INFO ";
      case spdlog::level::warn:
        return "WARN ";
      default:
        return "ERROR";
    }
  }
};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      break;
  }
  return spdlog::level::err;
}

/// Which events have come lately.
class RateLimits {
 public:
  RateLimit::Verdict on_event(std::string_view what, Millis steady) {
    const std::lock_guard lock{mutex_};
    auto known = std::find_if(limits_.begin(), limits_.end(), [&](const auto& entry) { return entry.first == what; });
    if (known != limits_.end()) return known->second.on_event(steady);
    if (limits_.size() == kMax) limits_.pop_front();
    limits_.emplace_back(what, RateLimit{});
    return limits_.back().second.on_event(steady);
  }

 private:
  static constexpr std::size_t kMax = 64;
  std::mutex mutex_;
  std::deque<std::pair<std::string, RateLimit>> limits_;
};

/// What a process has one of, because it has one standard error.
struct Output {
  Output() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<LevelName>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %* %v");
    sink->set_formatter(std::move(formatter));
  }

  std::shared_ptr<TerminalSink> sink = std::make_shared<TerminalSink>();
  spdlog::logger logger{"solar", sink};
  RateLimits limits;
};

Output& output() {
  // Never destroyed: other threads may log until the very end.
  static auto* const output = new Output;
  return *output;
}

void write_event(Level level, std::string_view what, std::initializer_list<Field> fields, std::uint64_t suppressed) {
  auto& logger = output().logger;
  if (!logger.should_log(to_spdlog(level))) return;
  std::string line = printable(what, kValueMaxBytes);
  for (const Field& field : fields) line.append(" ").append(to_text(field));
  if (suppressed > 0) line.append(" ").append(to_text({"suppressed", suppressed}));
  logger.log(to_spdlog(level), spdlog::string_view_t{line.data(), line.size()});
}

bool needs_quotes(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7F || c == '"' || c == '=' || c == '\\';
}

}  // namespace

Field::Field(std::string_view field_key, Millis duration) : key{field_key}, value{duration_text(duration)} {}

Level parse_level(std::string_view name) {
  if (name == "DEBUG") return Level::Debug;
  if (name == "WARNING") return Level::Warning;
  return name == "ERROR" ? Level::Error : Level::Info;
}

void start(Level level) { output().logger.set_level(to_spdlog(level)); }

void event(Level level, std::string_view what, std::initializer_list<Field> fields) {
  write_event(level, what, fields, 0);
}

void limited(Level level, std::string_view what, std::initializer_list<Field> fields) {
  const auto verdict = output().limits.on_event(what, SystemClock{}.now().steady);
  if (verdict.pass) write_event(level, what, fields, verdict.suppressed);
}

void live_line(std::string_view text) {
  if (on_terminal()) output().sink->set_live_line(printable(text, kValueMaxBytes));
}

bool on_terminal() {
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view{terminal} != "dumb";
}

RateLimit::Verdict RateLimit::on_event(Millis steady) {
  if (seen_ && steady - last_ < kInterval) {
    ++suppressed_;
    return {.pass = false, .suppressed = 0};
  }
  seen_ = true;
  last_ = steady;
  return {.pass = true, .suppressed = std::exchange(suppressed_, 0)};
}

std::string to_text(const Field& field) {
  const bool plain = !field.value.empty() && std::none_of(field.value.begin(), field.value.end(), needs_quotes);
  std::string text{field.key};
  text += '=';
  if (plain) return text + printable(field.value, kValueMaxBytes);
  std::string escaped;
  for (const char c : utf8_prefix(field.value, kValueMaxBytes + 1)) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return text + '"' + printable(escaped, kValueMaxBytes) + '"';
}

}  // namespace solar::log
