// Rolling restarts, as Kubernetes does them: the next forwarder is ready before one is told to leave, and an inbox goes
// with its forwarder. Plain devices send meanwhile: nobody sends theirs again, so nothing may be lost on the way out.
#include <algorithm>
#include <csignal>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/fault/kinds/kind.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kForwarders = 3;
constexpr std::size_t kDevices = 4;
constexpr milliseconds kStep{20};         // between two looks at everything
constexpr milliseconds kLeaving{60'000};  // longer than any drain here
constexpr milliseconds kLastReading{60'000};

int rollouts(Scale scale) { return scale == Scale::Sample ? 1 : 3; }

/// `mosquitto_pub -l`: a device without a disk and without ids. What the broker acknowledged, it forgets.
class Device {
 public:
  Device(const Broker& broker, std::size_t number, const std::filesystem::path& folder)
      : village_{"Device" + std::to_string(number)},
        process_{{"mosquitto_pub",
                  {"-d", "-l", "-q", "1", "-V", "5", "-p", std::to_string(broker.port()), "-i", village_, "-t",
                   "solar/" + village_ + "/main/readings"},
                  {},
                  {}},
                 folder / (village_ + ".log")} {}

  void send(int readings) {
    std::string lines;
    for (int i = 0; i < readings; ++i) lines += R"({"power_kw":1,"n":)" + std::to_string(++sent_) + "}\n";
    process_.write(lines);
  }
  /// The end of its standard input; whether it then ended as it should.
  [[nodiscard]] bool finish() {
    process_.close_input();
    return process_.wait() == Exit{0, false};
  }
  [[nodiscard]] const std::string& village() const { return village_; }

  /// The numbers of the readings that it got its PUBACK for. It numbers messages from 1.
  [[nodiscard]] std::set<int> acknowledged() const {
    std::set<int> numbers;
    const std::string said = process_.output() + process_.log();
    const std::regex puback{"received PUBACK \\(Mid: ([0-9]+), RC:([0-9]+)\\)"};
    for (std::sregex_iterator match{said.begin(), said.end(), puback}, end; match != end; ++match) {
      numbers.insert(std::stoi((*match)[1]));
    }
    return numbers;
  }
  [[nodiscard]] int sent() const { return sent_; }

 private:
  std::string village_;
  Process process_;
  int sent_{};
};

/// A forwarder as a pod: its own name, its own port, an inbox that goes with it.
struct Pod {
  std::uint16_t port;
  Forwarder forwarder;

  Pod(const std::filesystem::path& folder, const Broker& broker, const Central& central, std::size_t number,
      const Flags& extra)
      : port{free_port()},
        forwarder{folder / ("forwarder-" + std::to_string(number)),
                  {.broker_url = broker.url(),
                   .api_url = central.url(),
                   .client_id = "forwarder-" + std::to_string(number),
                   .extra = extra}} {
    forwarder.options().extra.insert(forwarder.options().extra.end(),
                                     {"--http-listen", "127.0.0.1:" + std::to_string(port)});
    forwarder.start_without_waiting();
  }
  [[nodiscard]] bool ready() const {
    const auto answer = http(port, "GET", "/readyz");
    return answer && answer->status == 200;
  }
};

class Rollout {
 public:
  explicit Rollout(Random& random) : random_{random} {
    for (std::size_t i = 0; i < kForwarders; ++i) add_pod();
    for (const Pod& pod : pods_) await([&pod] { return pod.ready(); }, "a forwarder never becomes ready");
    for (std::size_t i = 0; i < kDevices; ++i) devices_.emplace_back(broker_, i, folder_.path());
  }

  /// Every forwarder is replaced by a new one, one after another.
  void roll() {
    for (std::size_t i = 0; i < kForwarders; ++i) {
      add_pod();
      await([this] { return pods_.back().ready(); }, "a new forwarder never becomes ready");
      replace_the_oldest();
    }
  }

  Tally conclude() {
    if (!central_up_) start_central();
    for (Device& device : devices_) {
      if (!device.finish()) complain(device.village() + " could not send all it had, see its log");
    }
    const auto begin = steady_clock::now();
    std::size_t lost = 0;
    const auto all_there = [&] { return (lost = missing()) == 0; };
    static_cast<void>(eventually(all_there, kLastReading, milliseconds{100}));
    tally_.longest_drain = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
    for (const Device& device : devices_) tally_.accepted += device.acknowledged().size();
    tally_.lost = lost;
    tally_.delivered = tally_.accepted - lost;
    take_counts();
    if (tally_.accepted == 0) complain("nothing was sent");
    judge();
    if (!tally_.good()) {
      folder_.keep();
      complain("all files are kept in " + folder_.path().string());
    }
    return tally_;
  }

 private:
  void add_pod() { pods_.emplace_back(folder_.path(), broker_, central_, pods_made_++, kTimers); }
  void complain(std::string what) { tally_.complaints.push_back(std::move(what)); }

  template <class Condition>
  void await(Condition condition, const char* otherwise) {
    const auto deadline = steady_clock::now() + kLeaving;
    while (!condition()) {
      if (steady_clock::now() >= deadline) throw std::runtime_error{otherwise};
      go_on();
    }
  }

  void replace_the_oldest() {
    Pod& leaving = pods_.front();
    for (int steps = between(random_, 1, 30); steps > 0; --steps) go_on();
    leaving.forwarder.process().signal(SIGTERM);
    ++tally_.faults;
    std::optional<Exit> exit;
    await([&] { return (exit = leaving.forwarder.process().wait(milliseconds{0})).has_value(); },
          "a forwarder never ends");
    if (*exit != Exit{0, false}) complain(leaving.forwarder.options().client_id + " did not end well, see its log");
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(leaving.forwarder.inbox().string() + suffix);
    }
    pods_.pop_front();
  }

  /// A moment of load; central is there half of the time.
  void go_on() {
    for (Device& device : devices_) device.send(between(random_, 0, 8));
    if (steady_clock::now() >= central_changes_at_) {
      if (central_up_) {
        take_counts();
        central_.kill();
      } else {
        start_central();
      }
      central_up_ = !central_up_;
      central_changes_at_ = steady_clock::now() + milliseconds{between(random_, 300, 900)};
    }
    at_any_moment(random_, kStep);
  }
  void start_central() { central_.start(); }
  void take_counts() {
    const Counts counts = central_.counts().value_or(Counts{});
    tally_.duplicates += counts.duplicates;
    if (counts.differences > 0) complain(std::to_string(counts.differences) + " times a key came with another body");
  }

  /// Acknowledged by the broker, and not at central.
  [[nodiscard]] std::size_t missing() const {
    std::size_t missing = 0;
    for (const Device& device : devices_) {
      std::set<int> numbers = device.acknowledged();
      for (const StoredReading& reading : central_.stored(device.village())) {
        numbers.erase(std::atoi(json_field(reading.body, "n").c_str()));
      }
      missing += numbers.size();
    }
    return missing;
  }

  /// Nothing came that nobody sent.
  void judge() {
    std::map<std::string, int> sent;
    for (const Device& device : devices_) sent[device.village()] = device.sent();
    for (const StoredReading& reading : central_.stored()) {
      const int n = std::atoi(json_field(reading.body, "n").c_str());
      const auto village = sent.find(json_field(reading.body, "village"));
      if (village == sent.end() || n < 1 || n > village->second)
        complain("central has what nobody sent: " + reading.body);
    }
  }

  static inline const Flags kTimers{"--knock-interval", "100ms", "--rest-first", "200ms", "--drain-timeout", "1s"};
  Random& random_;
  TemporaryDirectory folder_;
  Broker broker_{folder_.path() / "broker"};
  Central central_{folder_.path() / "central"};
  std::deque<Pod> pods_;
  std::size_t pods_made_{};
  std::deque<Device> devices_;
  bool central_up_{true};
  steady_clock::time_point central_changes_at_{};
  Tally tally_;
};

Tally rolling_restart_round(Random& random, Scale scale) {
  Rollout rollout{random};
  for (int i = 0; i < rollouts(scale); ++i) rollout.roll();
  return rollout.conclude();
}

}  // namespace

std::vector<Kind> leaving_kinds() {
  return {
      {"rolling-restart",
       "three forwarders are replaced one after another under load from mosquitto_pub, central down half of the time",
       rolling_restart_round}};
}

}  // namespace solar::test
