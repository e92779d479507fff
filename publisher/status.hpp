// The outbox at a glance, for the status topic, for `status --json` and for a person.
#pragma once

#include <string>
#include <string_view>

#include "publisher/uplink.hpp"
#include "shared/queue.hpp"

namespace solar {

/// Payload of the status topic:
/// {"version":..,"waiting":..,"unconfirmed":..,"refused":..,"oldest":..,"last_receipt":..,"at":..}.
[[nodiscard]] std::string status_message(const QueueStats& stats, const Uplink::Snapshot& now, Millis wall);

/// The answer to the command `status`, one JSON object. `now` is null where nobody runs: then nothing is unconfirmed.
[[nodiscard]] std::string status_answer(Queue& queue, const Origin& origin, const Uplink::Snapshot* now, Millis wall);

/// That answer as some lines of text.
[[nodiscard]] std::string status_text(std::string_view answer);

/// Days until the outbox is full at the present rate; nullopt: the rate is not known.
[[nodiscard]] std::optional<double> capacity_days(const QueueStats& stats);

}  // namespace solar
