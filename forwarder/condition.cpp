#include "forwarder/condition.hpp"

#include "shared/metrics.hpp"
#include "shared/version.hpp"

namespace solar {

namespace {

std::string percent(double fraction) { return std::to_string(static_cast<int>(fraction * 100)) + " %"; }

double flag(bool value) { return value ? 1 : 0; }

/// A sample for every reason, from the first scrape on.
std::vector<std::pair<std::string, std::uint64_t>> by_reason(const CourierStats& courier) {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (std::size_t cause = 0; cause < kCauses; ++cause) {
    counts.emplace_back(to_string(static_cast<Cause>(cause)), courier.unavailable.at(cause));
  }
  return counts;
}

void add_intake(Metrics& metrics, const IntakeStats& intake) {
  metrics.counter("solar_forwarder_messages_received_total", "Messages from the broker.", intake.messages);
  metrics.counter("solar_forwarder_readings_received_total", "Readings in them.", intake.received);
  metrics.counter("solar_forwarder_readings_accepted_total", "Readings that were committed to the inbox.",
                  intake.accepted);
  metrics.counter("solar_forwarder_readings_duplicate_total", "Readings that were in the inbox already.",
                  intake.duplicates);
  metrics.counter("solar_forwarder_readings_passed_by_total",
                  "Readings that were not stored while the inbox fills up; their gateways keep them.",
                  intake.passed_by);
  metrics.counter("solar_forwarder_dead_letters_total", "Messages, or parts of them, that are no readings.",
                  intake.unreadable);
}

void add_link(Metrics& metrics, const Relay::Snapshot& now) {
  metrics.gauge("solar_forwarder_broker_connected", "1 while there is a connection to the broker.",
                flag(now.connected));
  metrics.gauge("solar_forwarder_member", "1 while it is a member of the shared subscription.", flag(now.member));
  metrics.gauge("solar_forwarder_stopping", "1 once it was told to stop, until it has left.", flag(now.stopping));
  metrics.counter("solar_forwarder_receipts_sent_total", "Readings whose receipt was given to the broker.",
                  now.receipts_sent);
  metrics.counter("solar_forwarder_receipts_dropped_total",
                  "Readings whose receipt was dropped while the broker was away; their gateways ask again.",
                  now.receipts_dropped);
}

void add_central(Metrics& metrics, const CourierStats& courier, const ForwarderConfig& config) {
  metrics.gauge("solar_forwarder_central_away", "1 while central is away: one knock per interval.", flag(courier.away));
  metrics.counter("solar_forwarder_readings_delivered_total", "Readings that central has confirmed.",
                  courier.delivered);
  metrics.counter("solar_forwarder_readings_refused_total", "Readings that central refused for good.", courier.refused);
  metrics.counter("solar_forwarder_attempts_total", "POSTs that were started.", courier.sent);
  metrics.counters("solar_forwarder_retries_total", "Attempts that failed and are made again, by reason.", "reason",
                   by_reason(courier));
  metrics.counter("solar_forwarder_rounds_failed_total", "Rounds of attempts that failed; the reading rests.",
                  courier.rested);
  metrics.gauge("solar_forwarder_window", "Requests that may be open at central at once.",
                static_cast<double>(courier.window));
  metrics.gauge("solar_forwarder_window_max", "The most that the window grows to.", config.window_max);
  metrics.gauge("solar_forwarder_open_requests", "Requests that are open at central.",
                static_cast<double>(courier.open));
  metrics.gauge("solar_forwarder_in_hand_readings", "Readings that are under way or between two attempts.",
                static_cast<double>(courier.in_hand));
  metrics.histogram("solar_forwarder_attempts_per_delivery", "Attempts that each delivered reading took.",
                    courier.attempts);
  metrics.histogram("solar_forwarder_delivery_seconds", "From a delivered reading's last POST to central's 2xx.",
                    courier.answer_seconds);
  metrics.histogram("solar_forwarder_age_at_delivery_seconds",
                    "From a delivered reading's commit to the inbox to central's 2xx.", courier.age_seconds);
}

}  // namespace

Reasons not_ready(const Relay::Snapshot& now) {
  if (!now.disk) return {"starting"};
  Reasons reasons;
  if (now.stopping) reasons.emplace_back("stopping");
  if (!now.connected) reasons.emplace_back("not subscribed: no connection to the broker");
  if (now.connected && !now.member) reasons.emplace_back("not subscribed: it has left the shared subscription");
  if (!now.disk->writable) reasons.emplace_back("inbox not writable");
  if (now.disk->free_bytes < kFreeDiskToJoin / 2) {
    reasons.emplace_back("inbox not writable: " + std::to_string(now.disk->free_bytes >> 20) + " MiB of disk free");
  }
  if (now.used_fraction >= kFullEnoughToLeave) reasons.emplace_back("inbox full: " + percent(now.used_fraction));
  return reasons;
}

std::string metrics_text(const Relay& relay, const ForwarderConfig& config, Now now, Millis started) {
  const Relay::Snapshot snapshot = relay.snapshot();
  const QueueStats& stats = snapshot.queue;
  std::vector<Metrics::Label> versions = library_versions();
  versions.insert(versions.begin(), {"version", kVersion});
  versions.emplace_back("curl", http_library_version());
  Metrics metrics;
  metrics.info("solar_forwarder_build_info", "The version of the program and of the libraries that it runs with.",
               std::move(versions));
  add_intake(metrics, relay.intake_stats());
  add_central(metrics, snapshot.courier, config);
  add_link(metrics, snapshot);
  add_queue(metrics, "solar_forwarder_inbox", stats, now.wall);
  metrics.gauge("solar_forwarder_inbox_dead_letter_rows", "Messages that are no readings, kept; the newest win.",
                static_cast<double>(stats.unreadable));
  metrics.gauge("solar_forwarder_inbox_disk_free_bytes", "Free bytes of the disk that holds the inbox.",
                static_cast<double>(snapshot.disk.value_or(DiskState{}).free_bytes));
  add_process(metrics, started);
  return metrics.text();
}

}  // namespace solar
