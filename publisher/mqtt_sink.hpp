// The broker as a sink: readings out, receipts in.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "shared/mailbox.hpp"
#include "shared/mqtt_session.hpp"
#include "shared/sink.hpp"

namespace solar {

/// Publishes each batch as one message to its origin's readings topic; a single reading stays plain JSON. A PUBACK
/// completes nothing: completions come from receipts alone. Owner: the program; threads as Sink says, `take_receipt`
/// runs on Paho's.
class MqttSink final : public Sink {
 public:
  static constexpr std::size_t kReceiptsWaiting =
      256;  ///< messages; more are dropped, and asked for again by sending again

  static constexpr std::size_t kReceiptsWaitingBytes = std::size_t{1} << 20;
  static constexpr std::size_t kCompletionsPerPoll = 10'000;  ///< and the rest of one receipt

  explicit MqttSink(MqttSession& session) : session_{session}, receipts_{kReceiptsWaiting, kReceiptsWaitingBytes} {}

  [[nodiscard]] std::size_t room() const override { return session_.room(); }
  void send(std::span<const Parcel> batch) override;
  [[nodiscard]] std::vector<Completion> poll(Millis wait) override;
  void wake() override { receipts_.ring(); }

  void take_receipt(const MqttMessage& message);

  [[nodiscard]] std::uint64_t messages_sent() const { return messages_sent_; }
  /// What receipts said that can be about no reading of any outbox, and receipts that are none.
  [[nodiscard]] std::uint64_t strangers() const { return strangers_; }

 private:
  void send_smaller(std::span<const Parcel> batch, std::size_t bytes);
  MqttSession& session_;
  Mailbox<std::string> receipts_;
  std::deque<std::string> unread_;  ///< taken from the mailbox, for the next poll
  std::atomic<std::uint64_t> messages_sent_{};
  std::atomic<std::uint64_t> strangers_{};
};

}  // namespace solar
