// A pod with the real forwarder in it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "forwarder/config.hpp"
#include "forwarder/relay.hpp"
#include "tests/simulation/node.hpp"

namespace solar::test {

/// Owner: the world. One thread.
class ForwarderNode final : public Node {
 public:
  ForwarderNode(World& world, std::size_t index, std::size_t forwarder, const ForwarderPlan& plan);
  ~ForwarderNode() override;

  /// A message with readings comes: the real handler, then the PUBACK; or death in between, as faults will.
  void take(const ConnectionPtr& connection, const PostedPtr& posted, const Schedule::What& acknowledge);
  /// The next message's handler does not come to its end, or its PUBACK does not leave.
  void die_in_handler(bool after_commit, std::uint64_t operations);
  /// SIGTERM; `back` later it starts again, on a new disk if it has none of its own. nullopt: never.
  void leave(std::optional<Millis> back);
  /// It has been told to, and has left or is still at it.
  [[nodiscard]] bool leaves_for_good() const { return leaves_for_good_; }
  void lose_disk();
  /// A request goes out, the `open`-th of those without an answer.
  void on_request(std::size_t open) { most_open_ = std::max(most_open_, open); }

  [[nodiscard]] Queue* queue() override { return queue_.get(); }
  [[nodiscard]] bool is_idle() override;
  [[nodiscard]] Bite killed_in_turn() const override { return Bite::ForwarderKilledInTurn; }
  [[nodiscard]] Bite disk_was_full() const override { return Bite::ForwarderDiskFull; }
  void heal() override;

 private:
  void open() override;
  [[nodiscard]] std::optional<Millis> turn() override;
  void close() override;
  void on_crash(Disk::Crash how) override;
  void on_end() override;
  void check();
  [[nodiscard]] std::uint64_t disk_max_bytes() const override { return config_.inbox_max; }
  void handle(const ConnectionPtr& connection, const PostedPtr& posted, bool commits);
  void notice_commit(const PostedPtr& posted, std::uint64_t passed_by);

  std::size_t forwarder_;
  ForwarderPlan plan_;
  ForwarderConfig config_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Relay> relay_;
  enum class Death { None, BeforeCommit, InCommit, AfterCommit };
  Death death_{};
  std::uint64_t death_operations_{};
  bool leaving_{};
  bool leaves_for_good_{};
  std::optional<Millis> back_after_;
  Millis left_at_{};
  bool connected_since_leave_{};
  bool was_member_{};
  std::size_t most_open_{};  ///< when a request went out in this turn
};

}  // namespace solar::test
