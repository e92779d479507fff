// A machine with one program on it: clock, disk, network, and everything that can happen to them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "shared/queue.hpp"
#include "tests/simulation/world.hpp"

namespace solar::test {

inline constexpr Millis kSteadyStart{5'000'000};
inline constexpr Millis kWallStart{1'770'000'000'000};  ///< 2026-02-02

/// A machine's clock: the wall's may be anything.
class NodeClock final : public Clock {
 public:
  explicit NodeClock(const Schedule& schedule) : schedule_{schedule} {}
  [[nodiscard]] Now now() const override {
    const Millis time = schedule_.now() + ahead;
    return {.steady = kSteadyStart + time, .wall = kWallStart + time + wall_off};
  }
  Millis wall_off{};
  Millis ahead{};  ///< the program waited in the middle of a turn

 private:
  const Schedule& schedule_;
};

/// Owner: the world. One thread.
class Node {
 public:
  Node(World& world, std::size_t index, std::string name, bool remembers);
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void start();
  void restart_after(Millis wait);
  /// The process dies and leaves what a death leaves on the disk; it starts again after `down`.
  void crash(const char* why, Disk::Crash how, Millis down);
  /// Runs what belongs to the process; if it ends the process, so be it.
  void guarded(const std::function<void()>& what);
  /// The process has something to do now.
  void wake() { wake_at(world_.schedule.now() + Millis{1}); }
  void freeze(Millis lasts);
  /// The history is over: the process ends, and all that its log holds goes to the database's file.
  void retire();

  [[nodiscard]] bool runs() const { return runs_; }
  [[nodiscard]] bool frozen() const { return world_.schedule.now() < frozen_until_; }
  [[nodiscard]] Millis frozen_until() const { return frozen_until_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::int64_t number() const { return static_cast<std::int64_t>(index_); }

  /// Which kind of fault it is when this node is killed in the middle of a turn, or its disk has refused a write.
  [[nodiscard]] virtual Bite killed_in_turn() const = 0;
  [[nodiscard]] virtual Bite disk_was_full() const = 0;

  /// What the program does over the seams counts; the `steps`-th is its last.
  void light_fuse(std::uint64_t steps) { fuse_ = steps; }
  void count_step();

  [[nodiscard]] virtual Queue* queue() = 0;
  [[nodiscard]] virtual bool is_idle() = 0;
  /// Gives up what an unlit fuse, a full disk or a cut link would still do.
  virtual void heal();

  NodeClock clock;
  Disk disk;
  std::uint64_t disk_number{1};
  bool link_up{true};
  bool gone{};  ///< for good

 protected:
  virtual void open() = 0;
  /// The steady time of the next turn; nullopt: the process has ended well.
  [[nodiscard]] virtual std::optional<Millis> turn() = 0;
  virtual void close() = 0;
  virtual void on_crash(Disk::Crash how) = 0;
  virtual void on_end() {}
  void wake_at(Millis when);
  /// Throws Violation where the database takes more of the disk than it may.
  void check_disk() const;
  [[nodiscard]] virtual std::uint64_t disk_max_bytes() const = 0;

  World& world_;
  std::size_t index_;

 private:
  void run_turn();

  std::string name_;
  bool runs_{};
  std::uint64_t generation_{};
  std::optional<Millis> turn_at_;
  Millis frozen_until_{};
  std::optional<std::uint64_t> fuse_;
  std::uint64_t writes_refused_{};
};

}  // namespace solar::test
