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
  // A message that did not go is one without a receipt: the courier's timer sends it again.
  if (session_.publish(message)) ++messages_sent_;
}

std::vector<Completion> MqttSink::poll(Millis wait) {
  std::vector<Completion> completions;
  for (const std::string& payload : receipts_.take(wait)) {
    Result<ReceiptRows> decoded = decode_receipt(payload);
    if (const auto* problem = std::get_if<Problem>(&decoded)) {
      log::limited(log::Level::Warning, "receipt not understood, ignored", {{"why", to_line(*problem)}});
      continue;
    }
    auto& rows = std::get<ReceiptRows>(decoded);
    for (const RowId& row : rows.delivered) completions.push_back({.row = row, .outcome = Delivered{}});
    for (RefusedRow& refused : rows.refused) {
      completions.push_back({.row = refused.row, .outcome = Refused{std::move(refused.reason)}});
    }
    if (rows.ignored > 0) {
      log::limited(log::Level::Warning, "receipt names ids that this outbox never made, ignored",
                   {{"ids", rows.ignored}});
    }
  }
  return completions;
}

void MqttSink::take_receipt(const MqttMessage& message) {
  if (message.payload.size() > kMessageMaxBytes || !receipts_.put(message.payload)) {
    log::limited(log::Level::Warning, "receipt dropped, its readings are sent again",
                 {{"bytes", message.payload.size()}});
  }
}

}  // namespace solar
