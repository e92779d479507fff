#include "tests/simulation/forwarder_node.hpp"

#include <utility>

#include "shared/random_bits.hpp"
#include "tests/simulation/tampering.hpp"

namespace solar::test {

namespace {

ForwarderConfig config_of(std::size_t node, std::size_t forwarder, const ForwarderPlan& plan, const Disk& disk) {
  ForwarderConfig config;
  config.broker.url = "mqtt://10.0.0." + std::to_string(node) + ":1883";
  config.broker.client_id = "forwarder-" + std::to_string(forwarder);
  config.broker.session_expiry = plan.keeps_disk ? std::chrono::hours{24 * 7} : std::chrono::minutes{5};
  config.broker.reconnect_spread = Millis{0};
  config.api_url = "http://n" + std::to_string(node) + "/api/solar";
  config.api_conflict = plan.conflict_is_stored ? "stored" : "retry";
  config.window_max = plan.window_max;
  config.inbox_path = disk.path().string();
  config.inbox_max = plan.inbox_max;
  config.synchronous = plan.synchronous_full ? "FULL" : "NORMAL";
  return config;
}

}  // namespace

ForwarderNode::ForwarderNode(World& world, std::size_t index, std::size_t forwarder, const ForwarderPlan& plan)
    : Node{world, index, "forwarder-" + std::to_string(forwarder), plan.power_can_be_cut},
      forwarder_{forwarder},
      plan_{plan},
      config_{config_of(index, forwarder, plan, disk)} {}

ForwarderNode::~ForwarderNode() { close(); }

void ForwarderNode::open() {
  leaving_ = false;
  was_member_ = false;
  most_open_ = 0;
  queue_ = std::make_unique<Queue>(QueueOptions{.path = config_.inbox_path,
                                                .synchronous_full = plan_.synchronous_full,
                                                .max_bytes = config_.inbox_max,
                                                .disk_reserve_bytes = 0,
                                                .unreadable_max_bytes = config_.dead_letters_max,
                                                .removals_kept = 64,
                                                .token = random_bits()});
  relay_ = std::make_unique<Relay>(config_, *queue_, clock);
}

std::optional<Millis> ForwarderNode::turn() {
  const auto next = relay_->turn(Millis{0});
  check();
  if (next) return next;
  relay_->finish();
  return std::nullopt;
}

/// Limits hold at every step.
void ForwarderNode::check() {
  const Relay::Snapshot snapshot = relay_->snapshot();
  const CourierStats& stats = snapshot.courier;
  if (stats.window < 1 || stats.window > config_.window_max) throw Violation{name() + ": window out of bounds"};
  // It shrinks and grows before a turn's first request: what is open from before may be more, what goes out may not.
  if (std::exchange(most_open_, 0) > stats.window) {
    throw Violation{name() + ": more requests open than the window allows"};
  }
  if (stats.in_hand > 1024) throw Violation{name() + ": more in hand than allowed"};
  check_disk();
  if (leaving_ && !snapshot.connected) connected_since_leave_ = false;
  if (was_member_ && snapshot.connected && !snapshot.member && !leaving_) world_.journal.bite(Bite::InboxFullLeft);
  was_member_ = snapshot.member;
}

void ForwarderNode::take(const ConnectionPtr& connection, const PostedPtr& posted, const Schedule::What& acknowledge) {
  if (!posted->has_readings) {
    guarded([&] { connection->handlers.on_message(posted->message); });
    if (!runs()) return;
    acknowledge();
    return wake();
  }
  const Death death = std::exchange(death_, Death::None);
  if (world_.model == Model::AcksBeforeCommit) {
    acknowledge();
    for (const std::int64_t reading : posted->unkept) world_.ledger.inbox_has(reading, forwarder_);
    if (death != Death::None) {
      return crash("killed before the commit", Disk::Crash::Process, Millis{2'000});
    }
  }
  if (death == Death::BeforeCommit) return crash("killed before the commit", Disk::Crash::Process, Millis{2'000});
  if (death == Death::InCommit) disk.light_fuse(death_operations_, Disk::Crash::Process, world_.dice);
  guarded([&] { handle(connection, posted, death != Death::InCommit); });
  if (!runs()) return;
  if (death == Death::InCommit) {
    world_.journal.bite(Bite::ForwarderKilledInCommit);
    return crash("killed in a commit", Disk::Crash::Process, Millis{2'000});
  }
  if (death == Death::AfterCommit) {
    world_.journal.bite(Bite::ForwarderKilledBetweenCommitAndAck);
    return crash("killed between commit and PUBACK", Disk::Crash::Process, Millis{2'000});
  }
  on_committed(world_, posted->message);
  if (world_.model != Model::AcksBeforeCommit) acknowledge();
  wake();
}

void ForwarderNode::handle(const ConnectionPtr& connection, const PostedPtr& posted, bool commits) {
  const std::uint64_t passed_by = relay_->intake_stats().passed_by;
  connection->handlers.on_message(posted->message);
  if (!commits) return;
  notice_commit(posted, relay_->intake_stats().passed_by - passed_by);
}

void ForwarderNode::notice_commit(const PostedPtr& posted, std::uint64_t passed_by) {
  if (passed_by > 0) world_.journal.bite(Bite::InboxPassedBy);
  world_.journal.note("forwarder {} commits a message, {} passed by",
                      {static_cast<std::int64_t>(forwarder_), static_cast<std::int64_t>(passed_by)});
  for (const std::int64_t reading : posted->unkept) {
    Ledger::Entry& entry = world_.ledger.at(reading);
    // An id says that somebody keeps the reading: where nobody does, passing it by loses it.
    if (entry.maker == Maker::WithId && passed_by > 0) {
      entry.excused = true;
      continue;
    }
    world_.ledger.inbox_has(reading, forwarder_);
    world_.ledger.seen(reading, "in the inbox of " + name());
  }
}

void ForwarderNode::die_in_handler(bool after_commit, std::uint64_t operations) {
  if (!runs()) return;
  death_ = after_commit ? Death::AfterCommit : (operations == 0 ? Death::BeforeCommit : Death::InCommit);
  death_operations_ = operations;
}

void ForwarderNode::leave(std::optional<Millis> back) {
  if (!runs() || leaving_) return;
  world_.journal.note("forwarder {} is told to leave", {static_cast<std::int64_t>(forwarder_)});
  leaving_ = true;
  // A volume comes back with its pod: nobody gives up what is on it.
  leaves_for_good_ = !back && !plan_.keeps_disk;
  back_after_ = back;
  left_at_ = world_.schedule.now();
  connected_since_leave_ = relay_->snapshot().connected;
  relay_->stop();
  wake();
}

/// It has left by the rule: what the rule promises must be so.
void ForwarderNode::on_end() {
  world_.journal.bite(Bite::ForwarderLeft);
  const Millis took = world_.schedule.now() - left_at_;
  if (connected_since_leave_ && took < config_.drain_timeout &&
      world_.broker.readings_waiting(config_.broker.client_id) > 0) {
    throw Violation{name() + " has left, and the broker still has readings for it"};
  }
  // On a full disk the second alone would count removals that could not be written.
  const bool plain_rows = !queue_->is_empty() && queue_->holds_plain_rows();
  if (plain_rows && took < config_.drain_plain_timeout)
    throw Violation{name() + " has left with readings that nobody else has"};
  retire();
  if (!plan_.keeps_disk) {
    disk.destroy();
    ++disk_number;
    world_.ledger.inbox_destroyed(forwarder_);
  }
  if (leaves_for_good_) {
    world_.journal.bite(Bite::ForwarderGoneForGood);
    gone = true;
    return;
  }
  restart_after(back_after_.value_or(Millis{1'000}));
}

void ForwarderNode::lose_disk() {
  if (runs() && !queue_->is_empty()) world_.journal.bite(Bite::ForwarderDiskLost);
  crash("its node is gone, with the disk", Disk::Crash::Process, Millis{5'000});
  world_.journal.note("forwarder {} loses its disk", {static_cast<std::int64_t>(forwarder_)});
  disk.destroy();
  ++disk_number;
  world_.ledger.inbox_destroyed(forwarder_);
}

bool ForwarderNode::is_idle() {
  if (gone) return true;
  return runs() && queue_->is_empty();
}

void ForwarderNode::on_crash(Disk::Crash how) {
  death_ = Death::None;
  // Without FULL a power cut is what receipts cover; nobody covers plain readings.
  if (how == Disk::Crash::PowerCut && !plan_.synchronous_full) world_.ledger.inbox_destroyed(forwarder_);
}

void ForwarderNode::heal() {
  Node::heal();
  death_ = Death::None;
}

void ForwarderNode::close() {
  relay_.reset();
  queue_.reset();
}

}  // namespace solar::test
