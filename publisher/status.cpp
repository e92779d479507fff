#include "publisher/status.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "shared/version.hpp"

namespace solar {

using nlohmann::json;

namespace {

constexpr std::size_t kRefusedShown = 20;

json time_or_null(const std::optional<Millis>& wall) { return wall ? json(rfc3339(*wall)) : json(nullptr); }

std::string size(double bytes) {
  std::array<char, 32> text{};
  const bool small = bytes < 1 << 20;
  std::snprintf(text.data(), text.size(), small ? "%.0f KiB" : "%.1f MiB", bytes / (small ? 1 << 10 : 1 << 20));
  return text.data();
}

}  // namespace

std::optional<double> capacity_days(const QueueStats& stats) {
  if (stats.bytes_per_day <= 0) return std::nullopt;
  const double left = static_cast<double>(stats.max_bytes) - static_cast<double>(stats.used_bytes);
  return std::max(left, 0.0) / stats.bytes_per_day;
}

std::string status_message(const QueueStats& stats, const Uplink::Snapshot& now, Millis wall) {
  return json{{"version", kVersion},
              {"waiting", stats.waiting},
              {"unconfirmed", now.courier.in_hand},
              {"refused", stats.refused},
              {"oldest", time_or_null(stats.oldest_accepted_at)},
              {"last_reading", time_or_null(stats.newest_accepted_at)},
              {"last_receipt", time_or_null(now.last_receipt_at)},
              {"at", rfc3339(wall)}}
      .dump();
}

std::string status_answer(Queue& queue, const Origin& origin, const Uplink::Snapshot* now, Millis wall) {
  const QueueStats stats = queue.stats(wall);
  const auto days = capacity_days(stats);
  json answer{{"village", origin.village},
              {"device", origin.device},
              {"version", kVersion},
              {"running", now != nullptr},
              {"connected", now != nullptr && now->connected},
              {"waiting", stats.waiting},
              {"unconfirmed", now != nullptr ? now->courier.in_hand : 0},
              {"refused", stats.refused},
              {"quarantined", stats.quarantined},
              {"oldest", time_or_null(stats.oldest_accepted_at)},
              {"size_bytes", stats.used_bytes},
              {"capacity_bytes", stats.max_bytes},
              {"readings_per_day", std::round(stats.readings_per_day)},
              {"capacity_days", days ? json(std::round(*days * 10) / 10) : json(nullptr)},
              {"refused_readings", json::array()}};
  for (const Aside& row : queue.aside(AsideKind::Refused, 0, kRefusedShown)) {
    answer["refused_readings"].push_back(
        {{"number", row.number}, {"id", row.id}, {"reason", row.reason}, {"at", rfc3339(row.at)}});
  }
  if (now != nullptr) {
    answer.update({{"sent", now->courier.sent},
                   {"confirmed", now->courier.delivered},
                   {"window", now->courier.window},
                   {"strange_receipts", now->strange_receipts},
                   {"last_receipt", time_or_null(now->last_receipt_at)}});
  }
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string status_text(std::string_view answer) {
  const json status = json::parse(answer, nullptr, false);
  if (!status.is_object()) return std::string{answer} + "\n";
  if (status.contains("error")) return status.value("error", "") + "\n";
  const auto number = [&status](const char* key) { return std::to_string(status.value(key, std::uint64_t{0})); };
  const auto text = [&status](const char* key) {
    return status[key].is_string() ? status[key].get<std::string>() : "-";
  };
  std::string lines;
  lines += "village      " + text("village") + " / " + text("device") + "\n";
  lines += std::string{"publisher    "} +
           (!status.value("running", false)    ? "not running"
            : status.value("connected", false) ? "running, connected"
                                               : "running, no connection to the broker") +
           "\n";
  lines += "waiting      " + number("waiting") + "  (oldest " + text("oldest") + ")\n";
  lines += "unconfirmed  " + number("unconfirmed") + "\n";
  lines += "refused      " + number("refused") + "\n";
  for (const json& row : status["refused_readings"]) {
    lines += "  " + std::to_string(row.value("number", 0)) + "  " + row.value("id", "") + "  " +
             row.value("reason", "") + "\n";
  }
  if (status.value("quarantined", 0) > 0) lines += "quarantined  " + number("quarantined") + "\n";
  lines += "size         " + size(status.value("size_bytes", 0.0)) + " of " +
           size(status.value("capacity_bytes", 0.0)) + "\n";
  lines += "room for     ";
  if (status["capacity_days"].is_number()) {
    std::array<char, 64> days{};
    std::snprintf(days.data(), days.size(), "%.1f more days at %.0f readings a day\n",
                  status.value("capacity_days", 0.0), status.value("readings_per_day", 0.0));
    lines += days.data();
  } else {
    lines += "not known yet: no rate\n";
  }
  return lines;
}

}  // namespace solar
