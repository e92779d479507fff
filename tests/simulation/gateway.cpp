#include "tests/simulation/gateway.hpp"

#include <algorithm>
#include <utility>

#include "shared/message.hpp"
#include "shared/random_bits.hpp"
#include "shared/sqlite.hpp"
#include "tests/simulation/people.hpp"

namespace solar::test {

namespace {

PublisherConfig config_of(std::size_t node, const GatewayPlan& plan, const Disk& disk) {
  PublisherConfig config;
  config.broker.url = "mqtt://10.0.0." + std::to_string(node) + ":1883";
  config.origin = plan.origin;
  config.outbox_path = disk.path().string();
  config.outbox_max = plan.outbox_max;
  return config;
}

/// As the body must be at central, for ever.
std::string completed_body(const std::string& line, const Origin& origin, Millis wall, const RowId& row) {
  auto draft = std::get<Draft>(complete_reading(line, origin, is_plausible(wall) ? std::optional{wall} : std::nullopt));
  draft.body.insert(draft.id_at, to_string(row));
  return draft.body;
}

}  // namespace

Gateway::Gateway(World& world, std::size_t index, const GatewayPlan& plan)
    : Node{world, index, "gateway-" + std::to_string(index), plan.power_can_be_cut},
      plan_{plan},
      config_{config_of(index, plan, disk)},
      token_{world.program_dice.bits()} {}

Gateway::~Gateway() { close(); }

void Gateway::open() {
  if (world_.model == Model::IdsStartAgain) start_sequence_again();
  const bool same_token = world_.model == Model::IdsStartAgain;
  queue_ = std::make_unique<Queue>(QueueOptions{.path = config_.outbox_path,
                                                .synchronous_full = true,
                                                .max_bytes = config_.outbox_max,
                                                .disk_reserve_bytes = 0,
                                                .token = same_token ? token_ : random_bits()});
  const std::uint64_t waiting = queue_->stats(clock.now().wall).waiting;
  if (waiting > waiting_at_crash_) world_.journal.bite(Bite::GatewayLostRemovals);
  waiting_at_crash_ = UINT64_MAX;
  first_turn_ = true;
  unconfirmed_.clear();
  sent_first_.clear();
  uplink_ = std::make_unique<Uplink>(config_, *queue_, clock, [this](std::span<const Settled> settled) {
    if (settled.empty()) return;
    for (const Settled& reading : settled) unconfirmed_.erase(reading.row);
    world_.journal.note("gateway {} has receipts for {} readings",
                        {number(), static_cast<std::int64_t>(settled.size())});
  });
  acceptance_ = std::make_unique<Acceptance>(*queue_, clock, config_.origin, [this] { uplink_->wake(); });
}

std::optional<Millis> Gateway::turn() {
  const bool first_turn = std::exchange(first_turn_, false);
  const std::uint64_t refused = first_turn ? queue_->stats(clock.now().wall).refused : 0;
  const Millis next = uplink_->turn(Millis{0});
  if (refused > 0 && queue_->stats(clock.now().wall).refused < refused) {
    world_.journal.bite(Bite::RefusedOfferedAgain);
  }
  check();
  if (!accepted_offline_.empty() && connected()) {
    for (const std::int64_t reading : accepted_offline_) world_.ledger.at(reading).connected_at = world_.schedule.now();
    accepted_offline_.clear();
  }
  return next;
}

/// Limits hold at every step.
void Gateway::check() {
  const CourierStats stats = uplink_->snapshot().courier;
  if (stats.window < 1 || stats.window > config_.window_max) throw Violation{name() + ": window out of bounds"};
  if (stats.in_hand > 1024) throw Violation{name() + ": more in hand than allowed"};
  if (stats.open > stats.in_hand) throw Violation{name() + ": more open than in hand"};
  check_window(stats.window);
  check_disk();
}

void Gateway::on_sent(const RowId& row) {
  if (unconfirmed_[row]++ == 0) sent_first_.push_back(row);
}

/// By what went out and what came back, not by the courier's own account. A window that has shrunk may be overdrawn;
/// where all that is out was sent twice, a tenth may go beyond it.
void Gateway::check_window(std::size_t window) {
  const std::vector<RowId> sent_first = std::exchange(sent_first_, {});
  if (unconfirmed_.size() <= window || sent_first.empty()) return;
  std::erase_if(unconfirmed_,
                [&](const auto& sent) { return queue_->has_rested(sent.first) || !queue_->read(sent.first); });
  const auto are_new = std::ranges::count_if(sent_first, [&](const RowId& row) { return unconfirmed_.contains(row); });
  if (unconfirmed_.size() <= window || are_new == 0) return;
  const auto sent_once = std::ranges::count_if(unconfirmed_, [](const auto& sent) { return sent.second == 1; });
  const auto beyond = static_cast<std::ptrdiff_t>(std::max<std::size_t>(window / 10, 1));
  if (sent_once > are_new || are_new > beyond) throw Violation{name() + ": more unconfirmed than the window allows"};
}

void Gateway::offer(bool poison) {
  if (!runs() || frozen()) return;
  const std::int64_t reading = world_.ledger.offer(Maker::Gateway, config_.origin, poison, world_.schedule.now());
  const std::string line = R"({"power_kw":)" + std::to_string(reading % 300) + ".5," + fields_of(world_, reading) + "}";
  guarded([&] {
    const Millis wall = clock.now().wall;
    const auto result = acceptance_->accept(line);
    if (dies_in_commit_) {
      const Disk::Crash how = *std::exchange(dies_in_commit_, std::nullopt);
      world_.ledger.at(reading).perhaps = true;
      world_.journal.bite(Bite::GatewayKilledInCommit);
      return crash("killed in a commit", how, Millis{3'000});
    }
    if (const auto* row = std::get_if<RowId>(&result)) {
      world_.ledger.accepted(reading, to_string(*row), completed_body(line, config_.origin, wall, *row));
      world_.journal.note("gateway {} accepts reading {}", {number(), reading});
      accepted_offline_.push_back(reading);
      return wake();
    }
    if (const auto* problem = std::get_if<Problem>(&result))
      throw Violation{"a good reading is no reading: " + problem->what};
    world_.journal.bite(Bite::OutboxFull);
    world_.journal.note("gateway {} has no room for reading {}", {number(), reading});
  });
}

void Gateway::die_in_commit(std::uint64_t operations, Disk::Crash how) {
  if (!runs()) return;
  dies_in_commit_ = how;
  disk.light_fuse(operations, how, world_.dice);
}

bool Gateway::is_idle() { return gone || (runs() && queue_->is_empty()); }

void Gateway::on_crash(Disk::Crash /*how*/) {
  if (queue_ == nullptr) return;
  waiting_at_crash_ = queue_->stats(clock.now().wall).waiting;
  dies_in_commit_.reset();
}

void Gateway::heal() {
  Node::heal();
  dies_in_commit_.reset();
}

void Gateway::close() {
  acceptance_.reset();
  uplink_.reset();
  queue_.reset();
}

void Gateway::drop_rows_of(const MqttMessage& message) {
  if (!runs()) return;
  const DecodedMessage decoded = decode_message(message.payload, message.content_encoding, config_.origin.village);
  for (const Reading& reading : decoded.readings) {
    if (const auto row = parse_row_id(*reading.id)) queue_->remove({&*row, 1});
  }
}

void Gateway::start_sequence_again() {
  if (disk.is_new()) return;
  Sqlite database{{.path = disk.path()}};
  database.execute("DELETE FROM sqlite_sequence WHERE name='readings' AND NOT EXISTS(SELECT 1 FROM readings)");
}

}  // namespace solar::test
