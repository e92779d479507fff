// A village's gateway with the real publisher on it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "publisher/acceptance.hpp"
#include "publisher/config.hpp"
#include "publisher/uplink.hpp"
#include "tests/simulation/node.hpp"

namespace solar::test {

/// Owner: the world. One thread.
class Gateway final : public Node {
 public:
  Gateway(World& world, std::size_t index, const GatewayPlan& plan);
  ~Gateway() override;

  /// The source has a reading: accepted, or not, as the program says.
  void offer(bool poison);
  /// The next acceptance dies within its commit, after so many writes.
  void die_in_commit(std::uint64_t operations, Disk::Crash how);

  [[nodiscard]] Queue* queue() override { return queue_.get(); }
  [[nodiscard]] bool is_idle() override;
  [[nodiscard]] Bite killed_in_turn() const override { return Bite::GatewayKilledInTurn; }
  [[nodiscard]] Bite disk_was_full() const override { return Bite::GatewayDiskFull; }
  [[nodiscard]] bool connected() const { return uplink_ && uplink_->snapshot().connected; }
  /// A reading goes out.
  void on_sent(const RowId& row);
  [[nodiscard]] const GatewayPlan& plan() const { return plan_; }
  void heal() override;

  /// Broken models only: rows leave the disk although no receipt came.
  void drop_rows_of(const MqttMessage& message);

 private:
  void open() override;
  [[nodiscard]] std::optional<Millis> turn() override;
  void close() override;
  void on_crash(Disk::Crash how) override;
  void check();
  [[nodiscard]] std::uint64_t disk_max_bytes() const override { return config_.outbox_max; }
  void check_window(std::size_t window);
  void start_sequence_again();

  GatewayPlan plan_;
  PublisherConfig config_;
  std::uint64_t token_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Uplink> uplink_;
  std::unique_ptr<Acceptance> acceptance_;
  std::optional<Disk::Crash> dies_in_commit_;
  std::uint64_t waiting_at_crash_{};
  bool first_turn_{};
  std::map<RowId, std::uint32_t> unconfirmed_;  ///< how often this process has sent it, without a receipt so far
  std::vector<RowId> sent_first_;               ///< in this turn, for the first time
  std::vector<std::int64_t> accepted_offline_;
};

}  // namespace solar::test
