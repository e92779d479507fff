// The programs' machinery within the test's process, where sanitizers see it: everything but main and the source.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "forwarder/relay.hpp"
#include "publisher/acceptance.hpp"
#include "publisher/uplink.hpp"
#include "tests/support/queue_room.hpp"
#include "tests/support/raw_mqtt.hpp"
#include "tests/support/wait.hpp"

namespace solar::test {

inline constexpr std::size_t kForwarderSubscriptions = 2;  ///< the readings, and its marker
inline constexpr std::size_t kPublisherSubscriptions = 1;  ///< its receipts

/// A running forwarder with a small inbox. Its timers are short, nothing is drained at its end. Owner: the test's
/// thread; the broker's end of its connection should go first.
class ForwarderRig {
 public:
  using Tweak = std::function<void(ForwarderConfig&)>;

  ForwarderRig(
      std::string broker_url, std::string api_url, const Tweak& tweak = [](ForwarderConfig&) {});
  ~ForwarderRig();
  ForwarderRig(const ForwarderRig&) = delete;
  ForwarderRig& operator=(const ForwarderRig&) = delete;

  void start();
  /// Whether it is subscribed, in time.
  [[nodiscard]] bool joins() const {
    return eventually([this] { return relay_->snapshot().member; });
  }
  /// As SIGTERM does; returns at once.
  void ask_to_stop() { relay_->stop(); }
  void wait_for_end() { thread_.join(); }
  [[nodiscard]] Queue& inbox() { return *inbox_; }
  [[nodiscard]] std::uint64_t waiting() { return inbox_->stats(clock_.now().wall).waiting; }
  /// The readings that a process killed now would leave in its inbox: those of its files, not of its memory.
  [[nodiscard]] std::int64_t on_disk() const;
  [[nodiscard]] const Relay& relay() const { return *relay_; }

 private:
  Room room_;
  SystemClock clock_;
  ForwarderConfig config_;
  std::unique_ptr<Queue> inbox_;
  std::unique_ptr<Relay> relay_;
  std::thread thread_;
};

/// A publisher of the village Bamenda with an empty outbox, fed by `accept`. What it accepts before its start is
/// backlog. Owner: the test's thread.
class PublisherRig {
 public:
  using Tweak = std::function<void(PublisherConfig&)>;

  explicit PublisherRig(
      std::string broker_url, const Tweak& tweak = [](PublisherConfig&) {});
  ~PublisherRig();
  PublisherRig(const PublisherRig&) = delete;
  PublisherRig& operator=(const PublisherRig&) = delete;

  void start();
  /// Sends its goodbye and ends.
  void ask_to_stop() { uplink_->stop(); }
  void wait_for_end() { thread_.join(); }
  /// The id under which the reading was committed.
  std::string accept(std::string_view reading);
  std::vector<std::string> accept_numbers(int first, int count);
  [[nodiscard]] std::uint64_t waiting() { return outbox_->stats(clock_.now().wall).waiting; }
  [[nodiscard]] Uplink::Snapshot snapshot() const { return uplink_->snapshot(); }

 private:
  Room room_;
  SystemClock clock_;
  PublisherConfig config_;
  std::unique_ptr<Queue> outbox_;
  std::unique_ptr<Uplink> uplink_;
  std::unique_ptr<Acceptance> acceptance_;
  std::thread thread_;
};

/// A payload of readings, inflated where it says that it is deflated.
[[nodiscard]] std::string plain_payload(const mqtt::Publish& message);

/// `{"delivered":["<id>",...]}`
[[nodiscard]] std::string receipt_for(const std::vector<std::string>& ids);

}  // namespace solar::test
