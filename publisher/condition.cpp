#include "publisher/condition.hpp"

#include <algorithm>
#include <utility>

#include "shared/metrics.hpp"
#include "shared/version.hpp"

namespace solar {

namespace {

double seconds_since(const std::optional<Millis>& wall, Millis now) {
  return wall ? std::chrono::duration<double>(std::max(now - *wall, Millis{0})).count() : 0;
}

void add_acceptance(Metrics& metrics, const Acceptance& acceptance) {
  metrics.counter("solar_publisher_readings_accepted_total", "Readings that were committed to the outbox.",
                  acceptance.accepted());
  metrics.counter("solar_publisher_bad_lines_total", "Lines of the source that are no readings; not accepted.",
                  acceptance.bad_lines());
  metrics.gauge("solar_publisher_outbox_full", "1 while new readings are refused for want of room.",
                acceptance.full() ? 1 : 0);
}

void add_courier(Metrics& metrics, const Uplink::Snapshot& now) {
  const CourierStats& courier = now.courier;
  metrics.counter("solar_publisher_readings_sent_total", "Readings that were sent, each time counted.", courier.sent);
  metrics.counter("solar_publisher_messages_sent_total", "Messages that carried them.", now.messages_sent);
  metrics.counter("solar_publisher_readings_confirmed_total", "Readings whose receipt says that central has them.",
                  courier.delivered);
  metrics.counter("solar_publisher_readings_refused_total", "Readings whose receipt says that central refused them.",
                  courier.refused);
  metrics.counter("solar_publisher_receipts_late_total", "Times that a receipt did not come in time.", courier.failed);
  metrics.counter("solar_publisher_receipts_repeated_total",
                  "Receipts beside the one that settles their reading: it was sent twice, or by an earlier run.",
                  courier.repeated);
  metrics.counter("solar_publisher_receipts_strange_total",
                  "Receipts for readings that had not been sent or that nobody made, or that were not understood.",
                  now.strange_receipts);
  metrics.gauge("solar_publisher_window", "Readings that may be without a receipt.",
                static_cast<double>(courier.window));
  metrics.gauge("solar_publisher_unconfirmed_readings", "Readings that were sent and have no receipt yet.",
                static_cast<double>(courier.in_hand));
  metrics.histogram("solar_publisher_attempts_per_delivery", "Times that each confirmed reading was sent.",
                    courier.attempts);
  metrics.histogram("solar_publisher_receipt_seconds", "From a confirmed reading's last sending to its receipt.",
                    courier.answer_seconds);
  metrics.histogram("solar_publisher_age_at_delivery_seconds",
                    "From a confirmed reading's commit to the outbox to its receipt.", courier.age_seconds);
}

}  // namespace

Reasons not_ready(const Uplink::Snapshot& now, bool refusing) {
  if (!now.disk) return {"starting"};
  Reasons reasons;
  if (!now.disk->writable) reasons.emplace_back("outbox not writable");
  if (refusing || now.used_fraction >= 1) {
    reasons.emplace_back("outbox full: " + std::to_string(static_cast<int>(now.used_fraction * 100)) + " %, " +
                         std::to_string(now.disk->free_bytes >> 20) + " MiB of disk free");
  }
  return reasons;
}

std::string metrics_text(Station& station, Now now, Millis started) {
  const Uplink::Snapshot snapshot = station.uplink().snapshot();
  std::vector<Metrics::Label> versions = library_versions();
  versions.insert(versions.begin(), {"version", kVersion});
  Metrics metrics;
  metrics.info("solar_publisher_build_info", "The version of the program and of the libraries that it runs with.",
               std::move(versions));
  add_acceptance(metrics, station.acceptance());
  add_courier(metrics, snapshot);
  metrics.gauge("solar_publisher_broker_connected", "1 while there is a connection to the broker.",
                snapshot.connected ? 1 : 0);
  metrics.gauge("solar_publisher_last_receipt_age_seconds",
                "How long ago the last receipt came; since the start if none has come.",
                seconds_since(snapshot.last_receipt_at ? snapshot.last_receipt_at : std::optional{started}, now.wall));
  add_queue(metrics, "solar_publisher_outbox", snapshot.queue, now.wall);
  metrics.gauge("solar_publisher_outbox_disk_free_bytes", "Free bytes of the disk that holds the outbox.",
                static_cast<double>(snapshot.disk.value_or(DiskState{}).free_bytes));
  add_process(metrics, started);
  return metrics.text();
}

}  // namespace solar
