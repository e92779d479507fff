#include "tests/simulation/node.hpp"

#include <algorithm>
#include <utility>

#include "shared/sqlite.hpp"

namespace solar::test {

namespace {

constexpr Millis kRestartAfterEnd{5'000};
// A full database takes no reading, but refusals still: with their reasons, while up to 1,000 removals wait for a
// write. In the smallest outbox that is all there is: seen was up to 0.28 of the limit more.
constexpr double kBeyondFull = 0.5;
// A frame is a page of 1 KiB and its header. Written back at 4,000; the last transaction may remove 1,000 readings.
constexpr std::size_t kLogMaxBytes = (4'000 + 2'000) * (1'024 + 24);

}  // namespace

Node::Node(World& world, std::size_t index, std::string name, bool remembers)
    : clock{world.schedule}, disk{name, remembers}, world_{world}, index_{index}, name_{std::move(name)} {}

void Node::start() {
  if (runs_ || gone) return;
  world_.journal.note("node {} starts", {number()});
  clock.ahead = Millis{0};
  ++generation_;
  frozen_until_ = Millis{0};
  runs_ = true;
  turn_at_.reset();
  guarded([this] { open(); });
  if (runs_) wake();
}

void Node::restart_after(Millis wait) {
  world_.schedule.after(wait, [this, generation = generation_] {
    if (generation == generation_ && !runs_) start();
  });
}

void Node::crash(const char* why, Disk::Crash how, Millis down) {
  if (!runs_) return;
  if (world_.journal.has_text()) world_.journal.remark(name_ + " dies: " + why);
  world_.journal.note("node {} dies", {number()});
  runs_ = false;
  ++generation_;
  fuse_.reset();
  disk.crash(how, world_.dice);
  on_crash(how);
  close();
  disk.recover();
  if (world_.model == Model::ForgetsOnCrash) disk.destroy();
  restart_after(down);
}

void Node::guarded(const std::function<void()>& what) {
  try {
    what();
  } catch (const ProcessEnd& end) {
    crash(end.why, Disk::Crash::Process, kRestartAfterEnd);
  } catch (const SqliteError& error) {
    if (error.kind() == SqliteError::Kind::Corrupt) throw Violation{name_ + ": " + error.what()};
    crash(error.what(), Disk::Crash::Process, kRestartAfterEnd);
  }
}

void Node::count_step() {
  if (!fuse_ || --*fuse_ > 0) return;
  fuse_.reset();
  world_.journal.bite(killed_in_turn());
  throw ProcessEnd{"killed in the middle of a turn"};
}

void Node::freeze(Millis lasts) {
  frozen_until_ = std::max(frozen_until_, world_.schedule.now() + lasts);
  wake_at(frozen_until_);
}

void Node::wake_at(Millis when) {
  if (!runs_) return;
  when = std::max({when, world_.schedule.now() + Millis{1}, frozen_until_});
  if (turn_at_ && *turn_at_ <= when && *turn_at_ > world_.schedule.now()) return;
  turn_at_ = when;
  world_.schedule.at(when, [this, when, generation = generation_] {
    if (generation == generation_ && turn_at_ == when) run_turn();
  });
}

void Node::run_turn() {
  turn_at_.reset();
  if (std::exchange(writes_refused_, disk.writes_refused()) != disk.writes_refused()) {
    world_.journal.bite(disk_was_full());
  }
  if (frozen()) return wake_at(frozen_until_);
  guarded([this] {
    const auto next = turn();
    if (next) return wake_at(*next - kSteadyStart - clock.ahead);
    world_.journal.note("node {} ends", {number()});
    runs_ = false;
    ++generation_;
    on_end();
    close();
  });
}

void Node::retire() {
  runs_ = false;
  close();
  check_disk();
}

/// Both files by their bytes, not by the program's account.
void Node::check_disk() const {
  const std::uint64_t max_bytes = disk_max_bytes();
  const auto check = [this](const std::string& suffix, std::uint64_t most) {
    const std::uint64_t bytes = disk.bytes(suffix);
    if (bytes <= most) return;
    throw Violation{name_ + ": database file \"" + suffix + "\" of " + std::to_string(bytes) + " bytes, allowed are " +
                    std::to_string(most)};
  };
  check("", max_bytes + static_cast<std::uint64_t>(static_cast<double>(max_bytes) * kBeyondFull));
  check("-wal", kLogMaxBytes);
}

void Node::heal() {
  fuse_.reset();
  disk.forget_fuse();
  disk.fill_up(std::nullopt);
  link_up = true;
  frozen_until_ = world_.schedule.now();
}

}  // namespace solar::test
