// What a seed says: who is there, how they are set up, and what will go wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/broker.hpp"
#include "tests/simulation/central.hpp"
#include "tests/simulation/disk.hpp"

namespace solar::test {

enum class Fault : std::uint8_t {
  KillGateway,
  KillGatewayInCommit,
  KillGatewayInTurn,
  CutGatewayPower,
  CloneGateway,
  FillGatewayDisk,
  KillForwarder,
  KillForwarderInHandler,
  KillForwarderInTurn,
  CutForwarderPower,
  LoseForwarderDisk,
  FillForwarderDisk,
  ForwarderLeaves,
  RestartBroker,
  KillBroker,
  WipeBroker,
  ResetLink,
  SilenceLink,
  SilenceLinkOneWay,
  CutLink,
  FreezeProcess,
  JumpClock,
  CutOffCentral,
  CentralMood,
  Count,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::Count);

struct PlannedFault {
  Millis at{};
  Fault fault{};
  Millis lasts{};
  std::size_t whom{};  ///< counted over all gateways, forwarders or both; taken modulo their number
  std::uint64_t how{};
};

struct GatewayPlan {
  Origin origin;
  std::uint64_t outbox_max{};
  bool power_can_be_cut{};
  std::size_t readings{};
};

struct ForwarderPlan {
  bool keeps_disk{};  ///< a volume, and a session of 7 days
  bool synchronous_full{};
  std::uint64_t inbox_max{};
  std::uint32_t window_max{};
  bool conflict_is_stored{};
  bool power_can_be_cut{};
};

struct DevicePlan {
  Origin origin;
  Maker maker{Maker::Plain};
  std::size_t readings{};
};

struct Plan {
  std::uint64_t seed{};
  Millis faults_last{};
  Millis drain_limit{90 * 60'000};  ///< virtual time from the healing until all is at central
  Broker::Settings broker;
  std::vector<GatewayPlan> gateways;
  std::vector<ForwarderPlan> forwarders;
  std::vector<DevicePlan> devices;
  unsigned poison_percent{};
  std::size_t padding{};     ///< bytes more in a body, at most: small queues fill up
  unsigned burst_percent{};  ///< how many readings come many at a time
  std::vector<PlannedFault> faults;
  std::vector<Millis> live;  ///< after the healing, every gateway gets a reading
  Millis link_delay{30};     ///< at most
  Millis central_delay{40};  ///< at most
};

inline constexpr std::size_t kReadingsMax = 2'000;

/// A small history.
[[nodiscard]] Plan plan_of(std::uint64_t seed);
/// What is away while a backlog grows.
enum class Outage : std::uint8_t { Central, Forwarders, Link };

/// One gateway of three has `readings` to send when everything is there again.
[[nodiscard]] Plan backlog_plan(std::uint64_t seed, std::size_t readings, Outage outage);

}  // namespace solar::test
