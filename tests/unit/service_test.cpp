#include "shared/service.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <variant>

#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {
namespace {

/// How a child process that runs `body` ends, as waitpid tells it.
template <class Body>
int status_of_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status{};
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("a database has one owner, and the second is told the pid of the first") {
  const TemporaryFolder folder;
  const auto first = InstanceLock::acquire(folder / "outbox.db");

  const auto second = InstanceLock::acquire(folder / "outbox.db");

  REQUIRE(std::holds_alternative<InstanceLock>(first));
  REQUIRE(std::holds_alternative<pid_t>(second));
  CHECK(std::get<pid_t>(second) == ::getpid());
}

TEST_CASE("a lock ends with its owner") {
  const TemporaryFolder folder;
  { const auto first = InstanceLock::acquire(folder / "outbox.db"); }

  CHECK(std::holds_alternative<InstanceLock>(InstanceLock::acquire(folder / "outbox.db")));
}

TEST_CASE("who waits for a lock gets it when its owner is done") {
  const TemporaryFolder folder;
  auto first = std::make_unique<std::variant<InstanceLock, pid_t>>(InstanceLock::acquire(folder / "outbox.db"));
  const auto letting_go = std::async(std::launch::async, [&first] {
    std::this_thread::sleep_for(Millis{50});
    first.reset();
  });

  const auto second = InstanceLock::acquire(folder / "outbox.db", Millis{60'000});

  CHECK(std::holds_alternative<InstanceLock>(second));
}

TEST_CASE("a lock whose owner was killed is free") {
  const TemporaryFolder folder;
  const int status = status_of_child([&] {
    const auto lock = InstanceLock::acquire(folder / "outbox.db");
    ::raise(SIGKILL);
  });
  REQUIRE(WIFSIGNALED(status));

  CHECK(std::holds_alternative<InstanceLock>(InstanceLock::acquire(folder / "outbox.db")));
}

TEST_CASE("a lock file holds the pid of its present owner and nothing of an earlier one") {
  const TemporaryFolder folder;
  std::ofstream{folder / "outbox.db.lock"} << "4194304999999\n";

  const auto lock = InstanceLock::acquire(folder / "outbox.db");

  std::ifstream file{folder / "outbox.db.lock"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  CHECK(text == std::to_string(::getpid()) + "\n");
}

TEST_CASE("a lock in a folder that does not exist is an exception") {
  const TemporaryFolder folder;

  CHECK_THROWS_AS(InstanceLock::acquire(folder / "nowhere/outbox.db"), std::system_error);
}

TEST_CASE("a stop signal is a callback, once, and not a death") {
  const auto signal = GENERATE(SIGTERM, SIGINT);
  std::promise<void> called;
  const StopSignal stop{[&] { called.set_value(); }};

  ::kill(::getpid(), signal);

  CHECK_NOTHROW(called.get_future().get());
}

TEST_CASE("a stop signal that never comes does not hold up the end") {
  bool called = false;

  {
    const StopSignal stop{[&] { called = true; }};
  }

  CHECK_FALSE(called);
}

TEST_CASE("a second stop signal ends a process that hangs while it stops") {
  const int status = status_of_child([] {
    std::promise<void> never;
    const StopSignal stop{[&] {
      ::kill(::getpid(), SIGINT);
      never.get_future().wait();
    }};
    ::kill(::getpid(), SIGTERM);
    never.get_future().wait();
  });

  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 128 + SIGINT);
}

TEST_CASE("writing into a broken pipe is an error and not a death") {
  const int status = status_of_child([] {
    const StopSignal stop{[] {}};
    int ends[2]{};
    if (::pipe(ends) != 0) ::_exit(1);
    ::close(ends[0]);
    ::_exit(::write(ends[1], "x", 1) == -1 ? 7 : 1);
  });

  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

}  // namespace solar
