// What survives: deaths of the process, reopening, copies of the file.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <set>

#include "shared/queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failing_sync.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

namespace fs = std::filesystem;

/// Runs `life` in a process of its own that is killed the moment it returns: no destructor, no flush.
void live_and_die(const std::function<void()>& life) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      life();
    } catch (...) {
      ::_exit(1);
    }
    ::kill(::getpid(), SIGKILL);
    ::_exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

std::vector<RowId> first_rows(std::uint64_t token, int count) {
  std::vector<RowId> rows;
  for (int seq = 1; seq <= count; ++seq) rows.push_back({token, seq});
  return rows;
}

}  // namespace

TEST_CASE("a row survives SIGKILL once append has returned") {
  const Room room;
  QueueOptions options = room.options(1);
  options.synchronous_full = GENERATE(false, true);

  live_and_die([&] { accept(*new Queue{options}, plains("Bamenda", 1, 3)); });

  Queue queue{room.options(2)};
  CHECK(all_fresh(queue) == numbered(1, 3));
}

TEST_CASE("commits go to a write-ahead log, which a clean end folds into the file") {
  const Room room;
  {
    Queue queue{room.options(1)};
    accept_one(queue, plain("Bamenda", 1));
    CHECK(std::filesystem::file_size(room.file("queue.db-wal")) > 0);
  }
  CHECK_FALSE(std::filesystem::exists(room.file("queue.db-wal")));
}

TEST_CASE("rests and refusals survive SIGKILL") {
  const Room room;

  live_and_die([&] {
    auto& queue = *new Queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 2));
    const Rest rest{.row = {1, 1}, .due_at = kWall + Millis{5}, .round = 3};
    queue.rest({&rest, 1});
    queue.refuse({1, 2}, "no", kWall);
  });

  Queue queue{room.options(2)};
  const auto due = queue.due(village_of(queue), kWall + Millis{5}, nobody, 9);
  REQUIRE(due.size() == 1);
  CHECK(due[0].round == 3);
  CHECK(queue.stats(kWall).refused == 1);
}

TEST_CASE("removals that died with the process only send again") {
  const Room room;

  live_and_die([&] {
    auto& queue = *new Queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 1'000));
    queue.remove(first_rows(1, 999));
  });

  Queue queue{room.options(2)};
  CHECK(all_fresh(queue) == numbered(1, 1'000));
}

TEST_CASE("removals ride with the next append") {
  const Room room;

  live_and_die([&] {
    auto& queue = *new Queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 3));
    queue.remove(first_rows(1, 2));
    accept_one(queue, plain("Bamenda", 4));
  });

  Queue queue{room.options(2)};
  CHECK(all_fresh(queue) == numbered(3, 2));
}

TEST_CASE("a thousand removals are written without an append") {
  const Room room;

  live_and_die([&] {
    auto& queue = *new Queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 1'001));
    queue.remove(first_rows(1, 1'000));
  });

  Queue queue{room.options(2)};
  CHECK(all_fresh(queue) == numbered(1'001, 1));
}

TEST_CASE("removals are written at the end and when asked for") {
  const Room room;
  {
    Queue queue{room.options(1)};
    accept(queue, plains("Bamenda", 1, 2));
    queue.remove(first_rows(1, 1));
  }
  {
    Queue queue{room.options(2)};
    CHECK(all_fresh(queue) == numbered(2, 1));
  }

  live_and_die([&] {
    auto& queue = *new Queue{room.options(3)};
    queue.remove({{RowId{1, 2}}});
    queue.flush_removals();
  });

  Queue queue{room.options(4)};
  CHECK(queue.take_news().empty());
}

TEST_CASE("ids survive reopening and seq never goes back, also when the table is empty") {
  const Room room;
  RowId kept;
  {
    Queue queue{room.options(0xFFFF'FFFF'0000'0001)};
    accept(queue, plains("Bamenda", 1, 4));
    kept = accept_one(queue, plain("Bamenda", 5));
  }
  {
    Queue queue{room.options(2)};
    CHECK(queue.last_seq() == 5);
    const auto rows = queue.fresh(village_of(queue), 4, 9, 999);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].parcel.row == kept);
    CHECK(kept.token == 0xFFFF'FFFF'0000'0001);
    queue.remove(first_rows(0xFFFF'FFFF'0000'0001, 5));
  }
  Queue queue{room.options(3)};

  CHECK(queue.take_news().empty());
  CHECK(queue.last_seq() == 5);
  CHECK(accept_one(queue, plain("Bamenda", 6)) == RowId{3, 6});
}

TEST_CASE("a copied file never makes the same id") {
  const Room original;
  const Room clone;
  { accept_one(*std::make_unique<Queue>(original.options(1)), plain("Bamenda", 1)); }
  std::filesystem::copy_file(original.database(), clone.database());
  Queue here{original.options(2)};
  Queue there{clone.options(3)};

  const RowId one = accept_one(here, plain("Bamenda", 2));
  const RowId other = accept_one(there, plain("Bamenda", 3));

  CHECK(one.seq == other.seq);
  CHECK(one != other);
  here.remove({{other}});
  here.flush_removals();
  CHECK(here.read(one));
}

TEST_CASE("a seq counter that was damaged does not swallow readings") {
  const Room room;
  { accept(*std::make_unique<Queue>(room.options(1)), plains("Bamenda", 1, 3)); }
  room.alter("UPDATE sqlite_sequence SET seq=1 WHERE name='readings'");

  Queue queue{room.options(2)};
  const auto appended = accept(queue, plains("Bamenda", 4, 1));

  CHECK_FALSE(appended[0].duplicate);
  CHECK(appended[0].row == RowId{2, 4});
  CHECK(all_fresh(queue) == numbered(1, 4));
}

TEST_CASE("a second opening of a file that is open fails and says so") {
  const Room room;
  Queue queue{room.options(1)};
  accept_one(queue, plain("Bamenda", 1));

  CHECK_THROWS_AS(Queue{room.options(2)}, SqliteError);
}

TEST_CASE("a database of a newer format is left alone") {
  const Room room;
  { accept_one(*std::make_unique<Queue>(room.options(1)), plain("Bamenda", 1)); }
  room.alter("PRAGMA user_version=2");

  try {
    const Queue queue{room.options(2)};
    FAIL("it was opened");
  } catch (const SqliteError& error) {
    CHECK(error.kind() == SqliteError::Kind::Broken);
    CHECK(std::string{error.what()}.find("newer program") != std::string::npos);
  }

  room.alter("PRAGMA user_version=1");
  Queue queue{room.options(3)};
  CHECK(all_fresh(queue) == numbered(1, 1));
}

TEST_CASE("what a queue makes is for its owner alone, whatever the process's mask, and what was there keeps its mode") {
  const Room room;
  const auto mode_of = [&room](const std::string& name) { return fs::status(room.file(name)).permissions(); };
  constexpr auto kOwner = fs::perms::owner_read | fs::perms::owner_write;
  const mode_t mask = ::umask(0);
  {
    Queue queue{room.options(1)};
    accept_one(queue, plain("Bamenda", 1));
    CHECK(mode_of("queue.db") == kOwner);
    CHECK(mode_of("queue.db-wal") == kOwner);
  }

  fs::permissions(room.database(), kOwner | fs::perms::group_read);
  {
    Queue queue{room.options(2)};
    accept_one(queue, plain("Bamenda", 2));
    CHECK(mode_of("queue.db") == (kOwner | fs::perms::group_read));
  }

  room.overwrite_page(0);
  {
    const Queue salvaged{room.options(3)};
    CHECK(fs::exists(room.file("queue.db.damaged-1")));
    CHECK(mode_of("queue.db") == kOwner);
  }
  ::umask(mask);
}

TEST_CASE("a checkpoint that cannot sync ends the queue, though commits themselves are not synced") {
  const Room room;
  FailingSync disk;
  QueueOptions options = room.options(1);
  options.checkpoint_pages = 16;
  const auto breaks = [](Queue& queue, int readings) {
    try {
      for (int number = 1; number <= readings; ++number) accept_one(queue, plain("Bamenda", number));
      return false;
    } catch (const SqliteError& error) {
      return error.kind() == SqliteError::Kind::Broken;
    }
  };
  {
    Queue queue{options};
    accept_one(queue, plain("Bamenda", 0));
    disk.fail(true);
    CHECK(breaks(queue, 50));

    disk.fail(false);
    CHECK(breaks(queue, 1));
  }

  // What was committed stays in the log, and the next opening has it.
  CHECK(std::filesystem::exists(room.file("queue.db-wal")));
  Queue queue{room.options(2)};
  CHECK_FALSE(all_fresh(queue).empty());
}
