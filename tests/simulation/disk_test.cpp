#include "tests/simulation/disk.hpp"

#include "publisher/uplink.hpp"
#include "tests/simulation/world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

QueueOptions on(const Disk& disk, std::uint64_t token) {
  QueueOptions options;
  options.path = disk.path();
  options.disk_reserve_bytes = 0;
  options.token = token;
  return options;
}

std::uint64_t waiting(const Disk& disk) { return Queue{on(disk, 99)}.stats(kWall).waiting; }

}  // namespace

TEST_CASE("a process that dies on a virtual disk loses its waiting removals and nothing else") {
  Disk disk{"disk-test", false};
  Dice dice{1};
  auto queue = std::make_unique<Queue>(on(disk, 1));
  accept(*queue, plains("Bamenda", 0, 10));
  const RowId row = accept_one(*queue, plain("Bamenda", 10));
  queue->remove({&row, 1});

  disk.crash(Disk::Crash::Process, dice);
  queue.reset();
  disk.recover();

  CHECK(waiting(disk) == 11);
}

TEST_CASE("a power cut takes no commit that was fsynced") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Disk disk{"disk-test", true};
    Dice dice{seed};
    auto queue = std::make_unique<Queue>(on(disk, 1));
    for (int n = 0; n < 10; ++n) accept(*queue, plains("Bamenda", n * 3, 3));
    disk.light_fuse(1 + seed % 7, Disk::Crash::PowerCut, dice);
    accept(*queue, plains("Bamenda", 30, 3));

    disk.crash(Disk::Crash::PowerCut, dice);
    queue.reset();
    disk.recover();

    const std::uint64_t left = waiting(disk);
    CHECK((left == 30 || left == 33));
  }
}

TEST_CASE("a power cut takes commits that were not fsynced") {
  Disk disk{"disk-test", true};
  Dice dice{1};
  QueueOptions options = on(disk, 1);
  options.synchronous_full = false;
  auto queue = std::make_unique<Queue>(options);
  for (int n = 0; n < 10; ++n) accept(*queue, plains("Bamenda", n * 3, 3));

  disk.crash(Disk::Crash::PowerCut, dice);
  queue.reset();
  disk.recover();

  CHECK(waiting(disk) < 30);
}

TEST_CASE("whether plain rows are left can be asked on a full disk") {
  Disk disk{"disk-test", false};
  Queue queue{on(disk, 1)};
  const RowId row = accept_one(queue, plain("Bamenda", 1));
  queue.remove({&row, 1});
  disk.fill_up(0);

  CHECK(queue.holds_plain_rows());

  disk.fill_up(std::nullopt);
  CHECK_FALSE(queue.holds_plain_rows());
}

TEST_CASE("a gateway draws a new client id also on a full disk, for this run") {
  const World that_is_told{Plan{}, Model::Right, Journal::Text::None};
  Disk disk{"disk-test", false};
  Queue queue{on(disk, 1)};
  REQUIRE(client_bits(queue, 7, false) == 7);
  disk.fill_up(0);

  CHECK(client_bits(queue, 8, true) == 8);

  disk.fill_up(std::nullopt);
  CHECK(client_bits(queue, 9, false) == 7);
}
