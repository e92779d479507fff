#include "publisher/mqtt_sink.hpp"

#include <cassert>

#include "shared/log.hpp"
#include "shared/message.hpp"
#include "shared/receipt.hpp"
#include "shared/topic.hpp"

namespace solar {

void MqttSink::send(std::span<const Parcel> batch) {
  assert(!batch.empty());
  std::vector<std::string_view> bodies;
  bodies.reserve(batch.size());
  for (const Parcel& parcel : batch) {
    assert(parcel.origin == batch.front().origin);
    bodies.push_back(parcel.body);
  }
  EncodedMessage encoded = encode_batch(bodies);
  MqttMessage message{.topic = to_string(Topic{.origin = batch.front().origin, .channel = Channel::Readings}),
                      .payload = std::move(encoded.payload),
                      .retained = false,
                      .content_type = std::string{kContentTypeJson},
                      .content_encoding = {}};
  if (encoded.deflated) message.content_encoding = std::string{kDeflate};
  if (!session_.fits(message)) return send_smaller(batch, message.payload.size());
  // A message that did not go is one without a receipt: the courier's timer sends it again.
  if (session_.publish(message)) ++messages_sent_;
}

/// The broker would end the connection over a message of that size, and over the next try again.
void MqttSink::send_smaller(std::span<const Parcel> batch, std::size_t bytes) {
  if (batch.size() > 1) {
    const auto half = batch.size() / 2;
    send(batch.first(half));
    send(batch.subspan(half));
    return;
  }
  log::limited(log::Level::Error, "a reading is larger than the broker takes, and stays here until it takes it",
               {{"id", to_string(batch.front().row)}, {"bytes", bytes}});
}

std::vector<Completion> MqttSink::poll(Millis wait) {
  if (unread_.empty()) unread_ = receipts_.take(wait);
  std::vector<Completion> completions;
  while (!unread_.empty() && completions.size() < kCompletionsPerPoll) {
    Result<ReceiptRows> decoded = decode_receipt(unread_.front());
    unread_.pop_front();
    if (const auto* problem = std::get_if<Problem>(&decoded)) {
      ++strangers_;
      log::limited(log::Level::Warning, "receipt not understood, ignored", {{"why", to_line(*problem)}});
      continue;
    }
    auto& rows = std::get<ReceiptRows>(decoded);
    for (const RowId& row : rows.delivered) completions.push_back({.row = row, .outcome = Delivered{}});
    for (RefusedRow& refused : rows.refused) {
      completions.push_back({.row = refused.row, .outcome = Refused{std::move(refused.reason)}});
    }
    if (rows.ignored > 0) {
      strangers_ += rows.ignored;
      log::limited(log::Level::Warning, "receipt names ids that this outbox never made, ignored",
                   {{"ids", rows.ignored}});
    }
  }
  return completions;
}

void MqttSink::take_receipt(const MqttMessage& message) {
  if (message.payload.size() > kMessageMaxBytes || !receipts_.put(message.payload, message.payload.size())) {
    log::limited(log::Level::Warning, "receipt dropped, its readings are sent again",
                 {{"bytes", message.payload.size()}});
  }
}

}  // namespace solar
