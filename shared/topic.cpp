#include "shared/topic.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "shared/utf8.hpp"

namespace solar {
namespace {

constexpr std::string_view kRoot = "solar";
constexpr std::size_t kLevels = 4;
constexpr std::string_view kForm = "solar/<village>/<device>/readings";

constexpr std::array<std::pair<Channel, std::string_view>, 5> kChannels{{{Channel::Readings, "readings"},
                                                                         {Channel::Receipts, "receipts"},
                                                                         {Channel::Presence, "presence"},
                                                                         {Channel::Status, "status"},
                                                                         {Channel::DeadLetters, "dead-letters"}}};

bool is_encoded(std::string_view character) {
  const auto byte = static_cast<std::uint8_t>(character[0]);
  if (character.size() == 1)
    return byte < 0x20 || byte == 0x7F || std::string_view{"/+#%$"}.find(character[0]) != std::string_view::npos;
  // U+0080 to U+009F: brokers take a topic with them for malformed.
  return byte == 0xC2 && static_cast<std::uint8_t>(character[1]) < 0xA0;
}

/// U+FDD0 to U+FDEF and the last two of every plane; also these make a topic malformed. REQUIRES: one character of
/// UTF-8.
bool is_noncharacter(std::string_view character) {
  if (character.size() < 3) return false;
  const auto byte = [&](std::size_t from_end) {
    return static_cast<std::uint8_t>(character[character.size() - from_end]);
  };
  if (character.size() == 3 && byte(3) == 0xEF && byte(2) == 0xB7) return byte(1) >= 0x90 && byte(1) <= 0xAF;
  const bool ends_plane = byte(2) == 0xBF && byte(1) >= 0xBE;
  return ends_plane && (character.size() == 3 ? byte(3) == 0xEF : (byte(3) & 0x0FU) == 0x0FU);
}

std::optional<std::uint8_t> upper_hex(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

void append_percent(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0x0FU];
  }
}

/// The name in the level `what` of a topic, or why there is none.
Result<std::string> read_name(std::string_view level, std::string_view what, std::string_view topic) {
  const std::optional<std::string> name = decode_level(level);
  if (!name) {
    return Problem{"the " + std::string{what} + " in the topic is not encoded as it must be", shortened(topic),
                   "encode / + # % $ and control characters as %2F, in upper case, and nothing else"};
  }
  if (auto problem = check_name(*name)) {
    return Problem{"the " + std::string{what} + " in the topic: " + problem->what, shortened(topic), problem->advice};
  }
  return *name;
}

}  // namespace

std::string encode_level(std::string_view name) {
  std::string level;
  level.reserve(name.size());
  while (!name.empty()) {
    const std::string_view character = name.substr(0, std::max<std::size_t>(utf8_length(name), 1));
    if (is_encoded(character)) {
      append_percent(level, character);
    } else {
      level += character;
    }
    name.remove_prefix(character.size());
  }
  return level;
}

std::optional<std::string> decode_level(std::string_view level) {
  std::string name;
  name.reserve(level.size());
  for (std::size_t i = 0; i < level.size(); ++i) {
    if (level[i] != '%') {
      name += level[i];
      continue;
    }
    if (i + 2 >= level.size()) return std::nullopt;
    const auto high = upper_hex(level[i + 1]);
    const auto low = upper_hex(level[i + 2]);
    if (!high || !low) return std::nullopt;
    name += static_cast<char>(*high << 4U | *low);
    i += 2;
  }
  if (encode_level(name) != level) return std::nullopt;
  return name;
}

std::optional<Problem> check_name(std::string_view name) {
  if (name.empty()) return Problem{"a name is empty", "", "1 to 64 bytes of UTF-8"};
  if (name.size() > kNameMaxBytes) {
    return Problem{"a name of " + std::to_string(name.size()) + " bytes, more than 64", shortened(name),
                   "choose a shorter one"};
  }
  if (!is_utf8(name)) return Problem{"a name is not UTF-8", shortened(name), "1 to 64 bytes of UTF-8"};
  for (std::string_view rest = name; !rest.empty(); rest.remove_prefix(utf8_length(rest))) {
    if (is_noncharacter(rest.substr(0, utf8_length(rest)))) {
      return Problem{"a name holds a character that Unicode reserves", shortened(name),
                     "leave it out: brokers refuse it"};
    }
  }
  return std::nullopt;
}

std::string to_string(const Topic& topic) {
  const auto* const channel =
      std::find_if(kChannels.begin(), kChannels.end(), [&](const auto& entry) { return entry.first == topic.channel; });
  std::string text{kRoot};
  text.append("/").append(encode_level(topic.origin.village));
  text.append("/").append(encode_level(topic.origin.device));
  return text.append("/").append(channel->second);
}

Result<Topic> parse_topic(std::string_view topic) {
  std::vector<std::string_view> levels;
  for (std::size_t at = 0; at <= topic.size() && levels.size() <= kLevels;) {
    const std::size_t end = std::min(topic.find('/', at), topic.size());
    levels.push_back(topic.substr(at, end - at));
    at = end + 1;
  }
  if (levels.size() != kLevels || levels[0] != kRoot) {
    return Problem{"not a topic of ours", shortened(topic), "publish to " + std::string{kForm}};
  }
  Result<std::string> village = read_name(levels[1], "village", topic);
  if (auto* problem = std::get_if<Problem>(&village)) return std::move(*problem);
  Result<std::string> device = read_name(levels[2], "device", topic);
  if (auto* problem = std::get_if<Problem>(&device)) return std::move(*problem);
  const auto* const channel =
      std::find_if(kChannels.begin(), kChannels.end(), [&](const auto& entry) { return entry.second == levels[3]; });
  if (channel == kChannels.end()) {
    return Problem{"a topic with an unknown last level", shortened(topic), "publish to " + std::string{kForm}};
  }
  return Topic{.origin = {.village = std::get<std::string>(std::move(village)),
                          .device = std::get<std::string>(std::move(device))},
               .channel = channel->first};
}

std::string shared_readings_filter(std::string_view group) {
  return "$share/" + std::string{group} + "/" + std::string{kRoot} + "/+/+/readings";
}

std::string marker_topic(std::string_view client_id) { return "solar-sync/" + encode_level(client_id) + "/marker"; }

}  // namespace solar
