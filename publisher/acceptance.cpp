#include "publisher/acceptance.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "shared/log.hpp"

namespace solar {

namespace {

constexpr Millis kRoomCheckInterval{1'000};

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

void AcceptedList::Close::operator()(std::FILE* file) const {
  if (file != stdout) std::fclose(file);
}

AcceptedList::AcceptedList(const std::string& path) {
  if (path.empty()) return;
  file_.reset(path == "-" ? stdout : std::fopen(path.c_str(), "ae"));
  if (!file_) throw std::system_error{errno, std::generic_category(), "cannot open " + path + " for accepted ids"};
}

void AcceptedList::tell(std::span<const Appended> rows) {
  if (!file_) return;
  for (const Appended& row : rows) std::fprintf(file_.get(), "%s\n", to_string(row.row).c_str());
  std::fflush(file_.get());
}

Acceptance::Acceptance(Queue& queue, const Clock& clock, Origin origin, std::function<void()> wake)
    : queue_{queue}, clock_{clock}, origin_{std::move(origin)}, wake_{std::move(wake)} {}

Result<NewReading> Acceptance::completed(std::string_view line) const {
  const Millis wall = clock_.now().wall;
  if (!is_plausible(wall)) {
    log::limited(log::Level::Warning, "the clock is not set; measured_at is left out until it is",
                 {{"clock", rfc3339(wall)}});
  }
  Result<Draft> draft = complete_reading(line, origin_, is_plausible(wall) ? std::optional{wall} : std::nullopt);
  if (const auto* problem = std::get_if<Problem>(&draft)) return *problem;
  auto& complete = std::get<Draft>(draft);
  return NewReading{.origin = origin_, .id = std::nullopt, .body = std::move(complete.body), .id_at = complete.id_at};
}

std::variant<RowId, Problem, QueueFull> Acceptance::accept(std::string_view line) {
  const Result<NewReading> reading = completed(line);
  if (const auto* problem = std::get_if<Problem>(&reading)) return *problem;
  const auto result = queue_.append({&std::get<NewReading>(reading), 1}, clock_.now().wall);
  if (const auto* full = std::get_if<QueueFull>(&result)) return *full;
  ++accepted_;
  wake_();
  return std::get<std::vector<Appended>>(result).front().row;
}

void Acceptance::accept_all(Source& source, AcceptedList& accepted) {
  while (const auto lines = source.next()) {
    std::vector<NewReading> readings;
    readings.reserve(lines->size());
    for (const Line& line : *lines) {
      if (line.too_long) {
        count_bad({.what = "line longer than 8 KiB", .value = shortened(line.text), .advice = "one reading a line"});
        continue;
      }
      if (is_blank(line.text)) continue;
      Result<NewReading> reading = completed(line.text);
      if (const auto* problem = std::get_if<Problem>(&reading)) {
        count_bad(*problem);
      } else {
        readings.push_back(std::get<NewReading>(std::move(reading)));
      }
    }
    append_patiently(readings, accepted);
  }
}

void Acceptance::count_bad(const Problem& problem) {
  ++bad_lines_;
  log::limited(log::Level::Warning, "bad line, not accepted",
               {{"why", to_line(problem)}, {"bad_lines", bad_lines_.load()}});
}

void Acceptance::append_patiently(std::vector<NewReading>& readings, AcceptedList& accepted) {
  if (readings.empty()) return;
  while (true) {
    const auto result = queue_.append(readings, clock_.now().wall);
    if (const auto* rows = std::get_if<std::vector<Appended>>(&result)) {
      if (full_.exchange(false)) log::info("room again, readings are accepted");
      accepted.tell(*rows);
      accepted_ += rows->size();
      wake_();
      return;
    }
    full_ = true;
    log::limited(log::Level::Error, "no new readings are accepted, the source waits",
                 {{"why", std::get<QueueFull>(result).why}, {"lines_waiting", readings.size()}});
    std::unique_lock lock{mutex_};
    if (stop_bell_.wait_for(lock, kRoomCheckInterval, [this] { return stopped_; })) {
      log::error("ending with lines that were read but never accepted", {{"lines", readings.size()}});
      return;
    }
  }
}

void Acceptance::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  stop_bell_.notify_all();
}

std::variant<Waiters::Watch, Problem, QueueFull> Waiters::watch(
    const std::function<std::variant<RowId, Problem, QueueFull>()>& accept) {
  const std::lock_guard lock{mutex_};
  auto result = accept();
  if (auto* problem = std::get_if<Problem>(&result)) return std::move(*problem);
  if (auto* full = std::get_if<QueueFull>(&result)) return std::move(*full);
  const RowId row = std::get<RowId>(result);
  watched_.emplace(row, std::nullopt);
  return Watch{*this, row};
}

std::optional<Settled> Waiters::await(const RowId& row, Millis wait) {
  std::unique_lock lock{mutex_};
  bell_.wait_for(lock, wait, [&] { return stopped_ || watched_.at(row).has_value(); });
  return watched_.at(row);
}

void Waiters::forget(const RowId& row) {
  const std::lock_guard lock{mutex_};
  watched_.erase(row);
}

void Waiters::settled(std::span<const Settled> readings) {
  if (readings.empty()) return;
  {
    const std::lock_guard lock{mutex_};
    for (const Settled& reading : readings) {
      if (const auto found = watched_.find(reading.row); found != watched_.end()) found->second = reading;
    }
  }
  bell_.notify_all();
}

void Waiters::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  bell_.notify_all();
}

std::size_t Waiters::count() const {
  const std::lock_guard lock{mutex_};
  return watched_.size();
}

}  // namespace solar
