#include "shared/service_manager.hpp"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/environment_variable.hpp"
#include "tests/support/notify_socket.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {
namespace {

using test::Variable;

/// A service manager at `name`, told of by NOTIFY_SOCKET.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_{name}, variable_{"NOTIFY_SOCKET", name} {}
  [[nodiscard]] std::string next() const { return socket_.next(); }
  [[nodiscard]] std::string next(Millis patience) const { return socket_.next(patience); }

 private:
  test::NotifySocket socket_;
  Variable variable_;
};

/// A clock that stands, and counts who looks at it.
class StandingClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    const std::lock_guard lock{mutex_};
    ++looks_;
    looked_.notify_all();
    return {.steady = steady, .wall = Millis{0}};
  }
  [[nodiscard]] bool is_looked_at(int times) const {
    std::unique_lock lock{mutex_};
    return looked_.wait_for(lock, std::chrono::seconds{30}, [&] { return looks_ >= times; });
  }
  Millis steady{100'000};

 private:
  mutable std::mutex mutex_;  ///< of the following
  mutable std::condition_variable looked_;
  mutable int looks_{};
};

std::ptrdiff_t threads() {
  const std::filesystem::directory_iterator all{"/proc/self/task"};
  return std::distance(begin(all), end(all));
}

}  // namespace

TEST_CASE("the service manager gets each message as one datagram, at a file or at a name without one") {
  const TemporaryFolder folder;
  const std::string name =
      GENERATE(false, true) ? "@solar-unit-" + std::to_string(::getpid()) : (folder / "n").string();
  const Manager manager{name};

  tell_service_manager("READY=1");
  tell_service_manager("STOPPING=1");

  CHECK(manager.next() == "READY=1");
  CHECK(manager.next() == "STOPPING=1");
}

TEST_CASE("without a service manager, or with one that has gone, a program goes on") {
  const TemporaryFolder folder;
  tell_service_manager("READY=1");

  const std::string name = GENERATE(false, true) ? std::string(200, 'x') : (folder / "gone").string();
  const Variable variable{"NOTIFY_SOCKET", name};
  tell_service_manager("READY=1");
}

TEST_CASE("the watchdog's interval is what the service manager says, to this process") {
  CHECK(watchdog_interval() == std::nullopt);
  const Variable interval{"WATCHDOG_USEC", "60000000"};
  CHECK(watchdog_interval() == Millis{60'000});

  const Variable mine{"WATCHDOG_PID", std::to_string(::getpid())};
  CHECK(watchdog_interval() == Millis{60'000});
  const Variable another{"WATCHDOG_PID", std::to_string(::getppid())};
  CHECK(watchdog_interval() == std::nullopt);
}

TEST_CASE("a watchdog interval that is none is none") {
  const Variable interval{"WATCHDOG_USEC", GENERATE("", "soon", "0", "-1", "5x")};

  CHECK(watchdog_interval() == std::nullopt);
}

TEST_CASE("a watchdog interval that would be a load, or an age, becomes one that can be kept") {
  const auto [text, kept] = GENERATE(std::pair{"1", Millis{10}}, std::pair{"1999", Millis{10}},
                                     std::pair{"9223372036854775807", Millis{3'600'000}},
                                     std::pair{"18446744073709551615", Millis{3'600'000}});
  const Variable interval{"WATCHDOG_USEC", text};

  CHECK(watchdog_interval() == kept);
}

TEST_CASE("a supervised program is ready at once, and gives no sign of life that nobody asked for") {
  const TemporaryFolder folder;
  const Manager manager{(folder / "notify").string()};
  const StandingClock clock;
  Heartbeat heartbeat;
  heartbeat.beat(clock.steady);

  const auto before = threads();

  const Supervision supervision{heartbeat, clock};

  CHECK(manager.next() == "READY=1");
  CHECK(threads() <= before);  // nobody is there to give one; others may just have ended
}

TEST_CASE("a supervised program gives signs of life as long as its heart beats") {
  const TemporaryFolder folder;
  const Manager manager{(folder / "notify").string()};
  const Variable interval{"WATCHDOG_USEC", "10000"};
  const StandingClock clock;
  Heartbeat heartbeat;
  heartbeat.beat(clock.steady);

  const Supervision supervision{heartbeat, clock};

  CHECK(manager.next() == "READY=1");
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next() == "WATCHDOG=1");
}

TEST_CASE("a supervised program whose heart has stopped, or never beat, gives no sign of life") {
  const TemporaryFolder folder;
  const Manager manager{(folder / "notify").string()};
  const Variable interval{"WATCHDOG_USEC", "10000"};
  const StandingClock clock;
  Heartbeat heartbeat;
  if (GENERATE(false, true)) heartbeat.beat(clock.steady - kHeartbeatMaxAge);

  const Supervision supervision{heartbeat, clock};

  CHECK(manager.next() == "READY=1");
  REQUIRE(clock.is_looked_at(3));  // what comes of a look is sent before the next
  CHECK(manager.next(Millis{0}).empty());
}

TEST_CASE("a supervised program ends without waiting for the next sign of life") {
  const Variable interval{"WATCHDOG_USEC", "3600000000"};
  const StandingClock clock;
  const Heartbeat heartbeat;
  const auto begin = std::chrono::steady_clock::now();
  { const Supervision supervision{heartbeat, clock}; }

  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
}

}  // namespace solar
