#include "forwarder/receipts.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <type_traits>
#include <utility>

#include "shared/message.hpp"
#include "shared/topic.hpp"

namespace solar {

void ReceiptDesk::add(const Settled& settled, Millis steady) {
  assert(settled.id);
  const auto known = gatherings_.find(settled.origin);
  if (known == gatherings_.end() && !has_room_for(settled.origin)) {
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

bool ReceiptDesk::has_room_for(const Origin& origin) const {
  if (gatherings_.size() == kOriginsMax) return false;
  std::size_t of_village = 0;
  for (auto other = gatherings_.lower_bound({.village = origin.village, .device = ""});
       other != gatherings_.end() && other->first.village == origin.village; ++other) {
    ++of_village;
  }
  return of_village < kOriginsPerVillageMax;
}

Millis ReceiptDesk::due_at(const Gathering& gathering) const {
  return gathering.ids() >= kIdsPerReceipt ? gathering.since : gathering.since + gather_;
}

std::vector<MqttMessage> ReceiptDesk::messages_of(const Origin& origin, const Receipt& receipt, const Fits& fits) {
  MqttMessage whole{.topic = to_string(Topic{.origin = origin, .channel = Channel::Receipts}),
                    .payload = encode_receipt(receipt),
                    .retained = false,
                    .content_type = std::string{kContentTypeJson},
                    .content_encoding = std::nullopt};
  if (whole.payload.size() <= kMessageMaxBytes && fits(whole)) return {std::move(whole)};
  const std::size_t ids = receipt.delivered.size() + receipt.refused.size();
  if (ids == 1) {
    ++dropped_;
    return {};
  }
  const auto half = [](const auto& all, bool first) {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() + 1) / 2);
    return std::decay_t<decltype(all)>{first ? all.begin() : middle, first ? middle : all.end()};
  };
  // The one half takes the middle of one list, the other of the other: both are shorter than the whole.
  auto messages = messages_of(origin, {half(receipt.delivered, true), half(receipt.refused, false)}, fits);
  auto others = messages_of(origin, {half(receipt.delivered, false), half(receipt.refused, true)}, fits);
  std::move(others.begin(), others.end(), std::back_inserter(messages));
  return messages;
}

std::vector<MqttMessage> ReceiptDesk::due(Millis steady, std::size_t limit, bool everything, const Fits& fits) {
  std::vector<MqttMessage> messages;
  if (!everything && (!next_due_ || *next_due_ > steady)) return messages;
  next_due_.reset();
  std::vector<std::pair<Millis, decltype(gatherings_)::iterator>> waiting;
  for (auto entry = gatherings_.begin(); entry != gatherings_.end(); ++entry) {
    waiting.emplace_back(due_at(entry->second), entry);
  }
  std::stable_sort(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [at, entry] : waiting) {
    if (limit == 0 || (!everything && at > steady)) {
      next_due_ = at;
      break;
    }
    --limit;
    const std::uint64_t dropped_before = dropped_;
    auto receipts = messages_of(entry->first, entry->second.receipt, fits);
    sent_ += entry->second.ids() - (dropped_ - dropped_before);
    std::move(receipts.begin(), receipts.end(), std::back_inserter(messages));
    gatherings_.erase(entry);
  }
  return messages;
}

void ReceiptDesk::forget() {
  for (const auto& [origin, gathering] : gatherings_) dropped_ += gathering.ids();
  gatherings_.clear();
  next_due_.reset();
}

}  // namespace solar
