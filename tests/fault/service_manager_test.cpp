// What real processes tell a service manager.
#include <csignal>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/notify_socket.hpp"
#include "tests/support/process.hpp"

namespace solar::test {
namespace {

/// What a program says between its sign of life and its end.
std::string after_signs_of_life(const NotifySocket& manager) {
  std::string message;
  do {
    message = manager.next();
  } while (message == "WATCHDOG=1");
  return message;
}

}  // namespace

TEST_CASE("a program without a broker is up, lives, and says that it stops") {
  const std::string program = GENERATE("solar-publisher", "solar-forwarder");
  const TemporaryDirectory folder;
  const std::string name = (folder.path() / "notify").string();
  const NotifySocket manager{name};
  Process process{{.program = sibling(program),
                   .arguments = {"run"},
                   .environment = {{"NOTIFY_SOCKET", name},
                                   {"WATCHDOG_USEC", "200000"},
                                   {"VILLAGE", "Bamenda"},
                                   {"FOLLOW", "yes"},
                                   {"HTTP_LISTEN", "off"},
                                   {"BROKER_URL", "mqtt://127.0.0.1:1"},
                                   {"OUTBOX_PATH", (folder.path() / "outbox.db").string()},
                                   {"INBOX_PATH", (folder.path() / "inbox.db").string()}}},
                  folder.path() / "log"};

  CHECK(manager.next() == "READY=1");
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next() == "WATCHDOG=1");
  process.signal(SIGTERM);
  CHECK(after_signs_of_life(manager) == "STOPPING=1");

  INFO(process.log());
  CHECK(process.wait() == Exit{0, false});
}

}  // namespace solar::test
