#include "shared/message.hpp"

#include <cassert>
#include <utility>

#include "shared/deflate.hpp"
#include "shared/json_fields.hpp"

namespace solar {
namespace {

DecodedMessage all_bad(std::string_view payload, Problem problem) {
  DecodedMessage message;
  message.bad.push_back({.bytes = std::string{payload}, .problem = std::move(problem), .whole = true});
  return message;
}

/// The message's text, inflated into `storage` where it must be.
Result<std::string_view> text_of(std::string_view payload, std::optional<std::string_view> content_encoding,
                                 std::string& storage) {
  if (!content_encoding) return payload;
  if (*content_encoding != kDeflate) {
    return Problem{"unknown content-encoding", shortened(*content_encoding), "send deflate, or leave it out"};
  }
  Result<std::string> inflated_text = inflated(payload, kMessageMaxBytes);
  if (auto* problem = std::get_if<Problem>(&inflated_text)) return std::move(*problem);
  storage = std::get<std::string>(std::move(inflated_text));
  return std::string_view{storage};
}

DecodedMessage decode_array(std::string_view payload, std::string_view text, std::string_view village) {
  const auto elements = split_array(text, kMessageMaxReadings);
  if (!elements) {
    return all_bad(payload, {"an array that is not whole JSON, or of more than " + std::to_string(kMessageMaxReadings) +
                                 " readings",
                             shortened(text), "send [reading,reading,..]"});
  }
  if (elements->empty()) return all_bad(payload, {"an empty array", "", "send at least one reading"});
  DecodedMessage message;
  message.readings.reserve(elements->size());
  for (const std::string_view element : *elements) {
    Result<Reading> reading = decode_reading(element, village);
    if (auto* problem = std::get_if<Problem>(&reading)) {
      message.bad.push_back({.bytes = std::string{element}, .problem = std::move(*problem), .whole = false});
    } else {
      message.readings.push_back(std::get<Reading>(std::move(reading)));
    }
  }
  return message;
}

}  // namespace

DecodedMessage decode_message(std::string_view payload, std::optional<std::string_view> content_encoding,
                              std::string_view village) {
  if (payload.size() > kMessageMaxBytes) {
    return all_bad(payload.substr(0, kMessageMaxBytes), {"message of " + std::to_string(payload.size()) +
                                                             " bytes, more than " + std::to_string(kMessageMaxBytes),
                                                         shortened(payload), "send fewer readings in one message"});
  }
  std::string storage;
  Result<std::string_view> text = text_of(payload, content_encoding, storage);
  if (auto* problem = std::get_if<Problem>(&text)) return all_bad(payload, std::move(*problem));
  const std::string_view json = trimmed(std::get<std::string_view>(text));
  if (json.starts_with('[')) return decode_array(payload, json, village);

  Result<Reading> reading = decode_reading(json, village);
  if (auto* problem = std::get_if<Problem>(&reading)) return all_bad(payload, std::move(*problem));
  DecodedMessage message;
  message.readings.push_back(std::get<Reading>(std::move(reading)));
  return message;
}

EncodedMessage encode_batch(std::span<const std::string_view> bodies) {
  assert(!bodies.empty() && bodies.size() <= kMessageMaxReadings);
  if (bodies.size() == 1) return {.payload = std::string{bodies.front()}, .deflated = false};
  std::string array;
  for (const std::string_view body : bodies) {
    array += array.empty() ? '[' : ',';
    array += body;
  }
  array += ']';
  std::string packed = deflated(array);
  if (packed.size() < array.size()) return {.payload = std::move(packed), .deflated = true};
  return {.payload = std::move(array), .deflated = false};
}

}  // namespace solar
