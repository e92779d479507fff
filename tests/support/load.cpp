#include "tests/support/load.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/support/raw_mqtt.hpp"

namespace solar::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBurstBytes = 64 * 1024;  ///< handed to the socket at once
constexpr std::string_view kSentNs = "\"sent_ns\":";

std::string village_name(const Load& load, std::uint64_t message) {
  return load.villages == 1 ? load.village : load.village + std::to_string(message % load.villages);
}

std::string reading(const Load& load, const std::string& village, std::uint64_t n) {
  char text[320];
  int length = std::snprintf(text, sizeof text, R"({"village":"%s","power_kw":%.1f,)", village.c_str(),
                             static_cast<double>(n * 7919 % 2500) / 10.0);
  std::string body(text, static_cast<std::size_t>(length));
  if (load.token != 0) {
    length = std::snprintf(text, sizeof text, R"("id":"%016llx-%llu",)", static_cast<unsigned long long>(load.token),
                           static_cast<unsigned long long>(n));
    body.append(text, static_cast<std::size_t>(length));
  }
  const auto since_start = Clock::now().time_since_epoch();
  return body + R"("n":)" + std::to_string(n) + "," + std::string{kSentNs} +
         std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count()) + "}";
}

// The state of one run: what was sent, what was acknowledged.
class Run {
 public:
  explicit Run(const Load& load)
      : load_{load},
        peer_{mqtt::connect(load.port,
                            {.client_id = "load-" + std::to_string(load.token) + "-" + std::to_string(load.first)})} {}

  LoadResult publish() {
    const auto start = Clock::now();
    start_ = start;
    while (acknowledged_ < load_.readings) {
      send_what_may_go();
      take_acknowledgements();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    peer_.send(mqtt::encode_disconnect());
    return {acknowledged_, seconds};
  }

 private:
  void send_what_may_go() {
    std::string burst;
    while (sent_ < load_.readings && open_ < std::min<std::uint32_t>(load_.window, kBrokerWindow) &&
           burst.size() < kBurstBytes && is_due()) {
      burst += next_message();
    }
    if (!burst.empty() && !peer_.send(burst)) throw std::runtime_error{"the broker closed the connection"};
  }

  [[nodiscard]] bool is_due() const { return Clock::now() >= due_time(); }

  [[nodiscard]] Clock::time_point due_time() const {
    if (load_.rate <= 0) return start_;
    return start_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(static_cast<double>(sent_) / load_.rate));
  }

  std::string next_message() {
    const std::uint64_t count = std::min<std::uint64_t>(load_.batch, load_.readings - sent_);
    const std::string village = village_name(load_, messages_);
    std::string payload;
    for (std::uint64_t i = 0; i < count; ++i)
      payload += (i == 0 ? "" : ",") + reading(load_, village, load_.first + sent_ + i);
    if (load_.batch > 1) payload = "[" + payload + "]";
    sent_ += count;
    ++messages_;
    ++open_;
    mqtt::Publish message;
    message.topic = "solar/" + village + "/main/readings";
    message.payload = std::move(payload);
    message.packet_id = static_cast<std::uint16_t>(messages_ % 65'535 + 1);
    return mqtt::encode(message);
  }

  // Waits for one PUBACK when nothing may go, else takes those that are there.
  void take_acknowledgements() {
    const bool window_full = open_ >= std::min<std::uint32_t>(load_.window, kBrokerWindow) || sent_ == load_.readings;
    std::chrono::milliseconds patience{0};
    if (window_full)
      patience = kPatience;
    else if (!is_due())
      patience = std::chrono::milliseconds{1};
    auto packet = peer_.read(mqtt::Type::Puback, patience);
    if (!packet && (window_full || peer_.closed())) throw std::runtime_error{"no PUBACK from the broker"};
    for (; packet; packet = peer_.read(mqtt::Type::Puback, std::chrono::milliseconds{0})) {
      if (mqtt::reason(*packet) >= 0x80) throw std::runtime_error{"the broker refuses the readings"};
      --open_;
      acknowledged_ = std::min<std::uint64_t>(acknowledged_ + load_.batch, load_.readings);
    }
  }

  static constexpr std::uint32_t kBrokerWindow = 100;  ///< max_inflight_messages of the tests' brokers
  Load load_;
  mqtt::Peer peer_;
  Clock::time_point start_;
  std::uint64_t sent_{};
  std::uint64_t messages_{};
  std::uint64_t acknowledged_{};
  std::uint32_t open_{};
};

}  // namespace

LoadResult publish(const Load& load) { return Run{load}.publish(); }

std::chrono::steady_clock::time_point sent_at(std::string_view body) {
  std::int64_t nanoseconds = 0;
  const std::size_t at = body.find(kSentNs);
  if (at != std::string_view::npos) {
    const char* digits = body.data() + at + kSentNs.size();
    std::from_chars(digits, body.data() + body.size(), nanoseconds);
  }
  return Clock::time_point{std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds{nanoseconds})};
}

}  // namespace solar::test
