#include "forwarder/receipts.hpp"

#include <algorithm>
#include <cassert>

#include "shared/message.hpp"
#include "shared/topic.hpp"

namespace solar {

void ReceiptDesk::add(const Settled& settled, Millis steady) {
  assert(settled.id);
  const auto known = gatherings_.find(settled.origin);
  if (known == gatherings_.end() && gatherings_.size() == kOriginsMax) {
    ++dropped_;
    return;
  }
  Gathering& gathering = known == gatherings_.end() ? gatherings_[settled.origin] : known->second;
  if (gathering.ids() == kIdsPerOriginMax) {
    ++dropped_;
    return;
  }
  if (gathering.ids() == 0) gathering.since = steady;
  if (settled.refused) {
    gathering.receipt.refused.push_back({.id = *settled.id, .reason = *settled.refused});
  } else {
    gathering.receipt.delivered.push_back(*settled.id);
  }
  next_due_ = next_due_ ? std::min(*next_due_, due_at(gathering)) : due_at(gathering);
}

Millis ReceiptDesk::due_at(const Gathering& gathering) const {
  return gathering.ids() >= kIdsPerReceipt ? gathering.since : gathering.since + gather_;
}

std::vector<MqttMessage> ReceiptDesk::due(Millis steady, std::size_t limit, bool everything) {
  std::vector<MqttMessage> messages;
  if (!everything && (!next_due_ || *next_due_ > steady)) return messages;
  next_due_.reset();
  for (auto entry = gatherings_.begin(); entry != gatherings_.end();) {
    const Millis at = due_at(entry->second);
    if (messages.size() == limit || (!everything && at > steady)) {
      next_due_ = next_due_ ? std::min(*next_due_, at) : at;
      ++entry;
      continue;
    }
    messages.push_back({.topic = to_string(Topic{.origin = entry->first, .channel = Channel::Receipts}),
                        .payload = encode_receipt(entry->second.receipt),
                        .retained = false,
                        .content_type = std::string{kContentTypeJson},
                        .content_encoding = std::nullopt});
    entry = gatherings_.erase(entry);
  }
  return messages;
}

void ReceiptDesk::forget() {
  for (const auto& [origin, gathering] : gatherings_) dropped_ += gathering.ids();
  gatherings_.clear();
  next_due_.reset();
}

}  // namespace solar
