// Central's answers on their way back to the gateways, gathered per device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "shared/clock.hpp"
#include "shared/courier.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/queue.hpp"
#include "shared/receipt.hpp"

namespace solar {

/// Gathers settled ids per origin for `gather` or kIdsPerReceipt ids, whichever comes first. The only thing that may be
/// dropped: a gateway without a receipt asks again. Owner: the forwarder; the courier's thread.
class ReceiptDesk {
 public:
  static constexpr std::size_t kIdsPerReceipt = 100;
  static constexpr std::size_t kOriginsMax = 1000;
  static constexpr std::size_t kOriginsPerVillageMax = 100;  ///< so that no village takes all places
  static constexpr std::size_t kIdsPerOriginMax = 1000;      ///< while the broker takes nothing

  explicit ReceiptDesk(Millis gather) : gather_{gather} {}

  /// A reading is settled. REQUIRES: it has its sender's own id, and all rows of that id are settled.
  void add(const Settled& settled, Millis steady);
  /// The same where it cannot be told: the broker is away.
  void drop() { ++dropped_; }
  using Fits = std::function<bool(const MqttMessage&)>;
  /// What is due, as messages; `everything`: at the end. At most `limit` origins' receipts, each in as many messages as
  /// it takes for all of them to fit, those first that have waited longest; a single id that does not fit all the same
  /// is dropped.
  [[nodiscard]] std::vector<MqttMessage> due(
      Millis steady, std::size_t limit, bool everything, const Fits& fits = [](const MqttMessage&) { return true; });
  /// The broker is away: whoever waits asks again.
  void forget();
  /// The steady time when the next receipt is due.
  [[nodiscard]] std::optional<Millis> next_due() const { return next_due_; }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }  ///< ids that `due` has handed out
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Gathering {
    Receipt receipt;
    Millis since{};
    [[nodiscard]] std::size_t ids() const { return receipt.delivered.size() + receipt.refused.size(); }
  };
  [[nodiscard]] bool has_room_for(const Origin& origin) const;
  [[nodiscard]] Millis due_at(const Gathering& gathering) const;
  [[nodiscard]] std::vector<MqttMessage> messages_of(const Origin& origin, const Receipt& receipt, const Fits& fits);

  Millis gather_;
  std::map<Origin, Gathering> gatherings_;
  std::optional<Millis> next_due_;  ///< of all gatherings, so that most ticks look at none
  std::uint64_t sent_{};
  std::uint64_t dropped_{};
};

}  // namespace solar
