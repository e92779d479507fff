// MqttSession against a real Mosquitto that restarts, dies, refuses and forgets.
#include "shared/mqtt_session.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/broker.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_mqtt.hpp"
#include "tests/support/watched_session.hpp"

using namespace solar;
using namespace solar::test;

namespace {

const std::string kShared = "$share/forwarders/solar/+/+/readings";
const std::string kTopic = "solar/Bamenda/main/readings";

void publish_from_elsewhere(const Broker& broker, const std::string& payload) {
  auto peer = mqtt::connect(broker.port(), {"elsewhere"});
  REQUIRE(mqtt::publish(peer, {kTopic, payload}) == 0);
}

std::size_t entries(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// A process that takes messages until one comes, and dies while it handles that one. REQUIRES: no session lives here,
/// a fork would copy the locks of its threads.
void die_handling_a_message(const MqttOptions& options) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    MqttSession session{options, [](const MqttMessage&) { _exit(75); }, [] {}};
    for (int i = 0; i < 3'000; ++i) {
      const auto now = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
      static_cast<void>(session.tick({now, now}));
      static_cast<void>(session.take_events());
      usleep(10'000);
    }
    _exit(1);
  }
  int status{};
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 75);
}

}  // namespace

TEST_CASE("a session connects, subscribes, publishes and receives what was published, as it was") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {kTopic};
  WatchedSession session{options};
  CHECK(session->room() == 0);
  CHECK_FALSE(session->publish({kTopic, "too early", false, {}, {}}));

  REQUIRE(session.until_connected());
  const MqttMessage message{kTopic, std::string{"\x00\xff{", 3}, false, "application/json", "deflate"};
  CHECK(session->publish(message));

  CHECK(session.until([&] { return !session.messages().empty(); }));
  CHECK(session.messages().at(0) == message);
  CHECK(session.next<Connected>()->session_present == false);
}

TEST_CASE("a session subscribes again after the broker restarted, although its session is present") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {kShared};
  WatchedSession session{options};
  REQUIRE(session.next<Connected>());

  broker.restart();

  REQUIRE(session.next<Disconnected>());
  const auto again = session.next<Connected>();
  REQUIRE(again);
  CHECK(again->session_present);
  publish_from_elsewhere(broker, "after the restart");
  CHECK(session.until_has("after the restart"));
}

TEST_CASE("a session comes back after the broker was killed and its files wiped") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {kShared};
  WatchedSession session{options};
  REQUIRE(session.next<Connected>());

  broker.kill();
  REQUIRE(session.next<Disconnected>());
  const auto failed = session.next<Disconnected>();
  broker.wipe();
  broker.start();

  REQUIRE(failed);
  CHECK(failed->why.find(broker.url()) != std::string::npos);
  const auto start = std::chrono::steady_clock::now();
  const auto again = session.next<Connected>();
  REQUIRE(again);
  CHECK_FALSE(again->session_present);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{5});
  publish_from_elsewhere(broker, "after the wipe");
  CHECK(session.until_has("after the wipe"));
}

TEST_CASE("a message whose handler died is delivered again: it was not acknowledged") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {kTopic};
  {
    WatchedSession session{options};
    REQUIRE(session.until_connected());
  }
  publish_from_elsewhere(broker, "precious");

  die_handling_a_message(options);

  WatchedSession session{options};
  CHECK(session.until_has("precious"));
}

TEST_CASE("a wrong password is told, and the right one is read when it is there") {
  const TemporaryDirectory folder;
  const auto passwords = folder.path() / "passwords";
  REQUIRE(run({"mosquitto_passwd", {"-b", "-c", passwords.string(), "Bamenda", "right"}, {}}).exit.status == 0);
  Broker broker{folder.path() / "broker", "password_file " + passwords.string() + "\n", false};
  auto options = quick_options(broker.url());
  options.username = "Bamenda";
  options.password_file = folder.path() / "password";
  WatchedSession session{options};

  const auto missing = session.next<Denied>();
  write_secret(options.password_file, "wrong\n");
  auto wrong = session.next<Denied>();
  while (wrong && wrong->why == missing->why) wrong = session.next<Denied>();
  write_secret(options.password_file, "right\n");

  REQUIRE(missing);
  CHECK(missing->what == "login");
  CHECK(missing->why.find(options.password_file) != std::string::npos);
  REQUIRE(wrong);
  CHECK(wrong->what == "login");
  CHECK(wrong->why == "not authorized (0x87)");  // what Mosquitto 2 says of a wrong password
  CHECK(session.next<Connected>());
}

TEST_CASE("a publish that an ACL denies is told, and does not hold its place in the window") {
  const TemporaryDirectory folder;
  write_file(folder.path() / "acl", "topic read #\ntopic write allowed/#\n");
  Broker broker{folder.path() / "broker", "acl_file " + (folder.path() / "acl").string() + "\n"};
  WatchedSession session{quick_options(broker.url())};
  REQUIRE(session.until_connected());
  const auto room = session->room();

  REQUIRE(session->publish({"denied/x", "x", false, {}, {}}));

  const auto denied = session.next<Denied>();
  REQUIRE(denied);
  CHECK(denied->what == "message to denied/x");
  CHECK(denied->why == "not authorized (0x87)");
  CHECK(session.until([&] { return session->room() == room; }));
  CHECK(session->connected());
}

TEST_CASE("birth and last word are published, and no will after a goodbye") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto watch_options = quick_options(broker.url(), "watcher");
  watch_options.filters = {"presence/#"};
  WatchedSession watcher{watch_options};
  REQUIRE(watcher.until_connected());
  auto options = quick_options(broker.url());
  options.birth = MqttMessage{"presence/a", "online", true, {}, {}};
  options.will = MqttMessage{"presence/a", "died", true, {}, {}};

  {
    WatchedSession session{options};
    REQUIRE(session.until_connected());
    REQUIRE(watcher.until_has("online"));
    session->disconnect(Millis{5'000}, MqttMessage{"presence/a", "offline", true, {}, {}});
    CHECK_FALSE(session->connected());
    CHECK_FALSE(session.until([&] { return session->connected(); }, std::chrono::milliseconds{600}));
  }
  CHECK(watcher.until_has("offline"));
  CHECK_FALSE(watcher.has("died"));
}

TEST_CASE("the will of a process that died is published") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {kTopic};
  options.will = MqttMessage{"presence/a", "died", true, {}, {}};
  {
    WatchedSession session{options};
    REQUIRE(session.until_connected());
  }
  publish_from_elsewhere(broker, "deadly");

  die_handling_a_message(options);

  auto watch_options = quick_options(broker.url(), "watcher");
  watch_options.filters = {"presence/#"};
  WatchedSession watcher{watch_options};
  CHECK(watcher.until_has("died"));
  CHECK(watcher.messages().at(0).retained);
}

TEST_CASE("leaving a subscription is confirmed, and made up for where there was no connection") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {"a/#", "b/#", "end"};
  WatchedSession session{options};
  REQUIRE(session.until_connected());

  session->unsubscribe("a/#");
  const auto first = session.next<Unsubscribed>();
  broker.stop();
  REQUIRE(session.next<Disconnected>());
  session->unsubscribe("b/#");
  broker.start();
  const auto second = session.next<Unsubscribed>();

  REQUIRE(first);
  CHECK(first->filter == "a/#");
  REQUIRE(second);
  CHECK(second->filter == "b/#");
  REQUIRE(session.until_connected());
  for (const auto* const topic : {"a/x", "b/x", "end"}) REQUIRE(session->publish({topic, topic, false, {}, {}}));
  CHECK(session.until_has("end"));
  CHECK_FALSE(session.has("a/x"));
  CHECK_FALSE(session.has("b/x"));

  session->subscribe("a/#");
  CHECK(session.until([&] { return session->publish({"a/x", "back", false, {}, {}}) && session.has("back"); }));
}

TEST_CASE("a new client id is used at once, and reconnects leave no thread and no descriptor behind") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  auto options = quick_options(broker.url());
  options.filters = {kTopic};
  WatchedSession session{options};
  REQUIRE(session.next<Connected>());
  const auto files = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");

  for (int i = 0; i < 20; ++i) {
    session->change_client_id("gateway-" + std::to_string(i));
    REQUIRE(session.next<Connected>());
    REQUIRE(session->publish({kTopic, std::to_string(i), false, {}, {}}));
  }

  CHECK(broker.process().log().find("as gateway-19 ") != std::string::npos);
  CHECK(session.count<Disconnected>() == 20);
  CHECK(entries("/proc/self/fd") == files);
  CHECK(entries("/proc/self/task") == threads);
}

TEST_CASE("a session can be destroyed in the middle of traffic") {
  const TemporaryDirectory folder;
  Broker broker{folder.path()};
  for (int round = 0; round < 5; ++round) {
    auto options = quick_options(broker.url(), "round-" + std::to_string(round));
    options.filters = {kTopic};
    WatchedSession session{options};
    REQUIRE(session.until_connected());
    CHECK(session.until([&] {
      while (session->publish({kTopic, std::string(200, 'x'), false, "application/json", {}})) {
      }
      return session.messages().size() > 500;
    }));
  }
}
