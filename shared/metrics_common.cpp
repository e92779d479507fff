// What both programs tell.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "shared/metrics.hpp"
#include "shared/mqtt_session_version.hpp"
#include "shared/sqlite.hpp"

namespace solar {

namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }

double resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/statm", "re"), std::fclose};
  long all_pages = 0;
  long resident_pages = 0;
  if (!file || std::fscanf(file.get(), "%ld %ld", &all_pages, &resident_pages) != 2) return 0;
  return static_cast<double>(resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_files() {
  std::error_code error;
  const auto files = std::filesystem::directory_iterator{"/proc/self/fd", error};
  return static_cast<double>(std::distance(begin(files), end(files)));
}

}  // namespace

void add_queue(Metrics& metrics, const std::string& name, const QueueStats& stats, Millis wall) {
  const Millis oldest = stats.oldest_accepted_at ? std::max(wall - *stats.oldest_accepted_at, Millis{0}) : Millis{0};
  metrics.gauge(name + "_readings", "Readings that wait.", number(stats.waiting));
  metrics.gauge(name + "_readings_bytes", "Bytes of the bodies of readings that wait.", number(stats.waiting_bytes));
  metrics.gauge(name + "_oldest_age_seconds", "How long the oldest reading has been waiting; 0 if none waits.",
                std::chrono::duration<double>(oldest).count());
  metrics.gauge(name + "_used_bytes", "Bytes of the file that are in use, all tables.", number(stats.used_bytes));
  metrics.gauge(name + "_capacity_bytes", "Bytes of the file that may be in use.", number(stats.max_bytes));
  metrics.gauge(name + "_used_ratio", "Used part of the capacity, 0 to 1.",
                number(stats.used_bytes) / number(std::max<std::uint64_t>(stats.max_bytes, 1)));
  metrics.gauge(name + "_refused_rows", "Readings that central refused, kept here for a person.",
                number(stats.refused));
  metrics.gauge(name + "_quarantined_rows", "Readings whose bytes no longer match their CRC, kept for a person.",
                number(stats.quarantined));
}

void add_process(Metrics& metrics, Millis started) {
  metrics.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
                std::chrono::duration<double>(started).count());
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes());
  metrics.gauge("process_open_fds", "Open file descriptors.", open_files());
}

std::vector<Metrics::Label> library_versions() {
  return {{"paho", mqtt_session::paho_version()}, {"sqlite", sqlite_version()}};
}

}  // namespace solar
