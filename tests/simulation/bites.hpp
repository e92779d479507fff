// The kinds of faults, counted where they really bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace solar::test {

enum class Bite : std::uint8_t {
  GatewayKilled,
  GatewayKilledInCommit,
  GatewayKilledInTurn,
  GatewayPowerCut,
  GatewayLostRemovals,
  GatewayCloned,
  GatewayDiskFull,
  OutboxFull,
  ForwarderKilled,
  ForwarderKilledBetweenCommitAndAck,
  ForwarderKilledInCommit,
  ForwarderKilledInTurn,
  ForwarderPowerCut,
  ForwarderDiskLost,
  ForwarderDiskFull,
  ForwarderLeft,
  ForwarderGoneForGood,
  InboxPassedBy,
  InboxFullLeft,
  BrokerRestarted,
  BrokerKilled,
  BrokerWiped,
  DroppedWithoutMember,
  DroppedByQueueLimit,
  DealtToOffline,
  SessionExpired,
  SessionTakenOver,
  ResumedWithoutSubscription,
  RedeliveredAfterLostAck,
  PubackLost,
  MessageLost,
  LinkReset,
  LinkSilent,
  LinkOneWay,
  ProcessFrozen,
  ClockJumped,
  ClockIn1970,
  CentralUnreachable,
  CentralTimeout,
  CentralSlow,
  CentralServerError,
  CentralRateLimit,
  CentralMisconfigured,
  CentralRefusedReading,
  CentralRefusedAll,
  CentralStoredWithoutAnswer,
  CentralRequestTwice,
  CentralConflict,
  CentralDuplicate,
  ReadingSentAgain,
  RefusedOfferedAgain,
  Count,
};

inline constexpr std::size_t kBites = static_cast<std::size_t>(Bite::Count);
using BiteCounts = std::array<std::uint64_t, kBites>;

/// "gateway killed in commit"
[[nodiscard]] const char* to_string(Bite bite);

}  // namespace solar::test
