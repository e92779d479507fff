// Clocks that jump, by libfaketime: only the wall clock, as on a gateway whose clock is set.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "tests/fault/kinds/bites.hpp"
#include "tests/fault/kinds/trial.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnyMoment{400};
constexpr int kDays = 400;

int jumps(Scale scale) { return scale == Scale::Sample ? 4 : 12; }

/// Its folder is named for the machine's kind; empty: it is not here.
std::filesystem::path faketime_library() {
  for (const auto& folder : std::filesystem::directory_iterator{"/usr/lib"}) {
    std::filesystem::path library = folder.path() / "faketime" / "libfaketimeMT.so.1";
    if (std::error_code error; std::filesystem::exists(library, error)) return library;
  }
  return {};
}

/// The clock of a process: how far it is off, in a file that libfaketime reads at every look at the clock.
class Wall {
 public:
  explicit Wall(std::filesystem::path file) : file_{std::move(file)} { set("+0"); }

  void jump_days(int days) {
    days_ = days;
    set((days < 0 ? "" : "+") + std::to_string(days) + "d");
  }
  /// To where it is not: right, or 400 days off either way.
  void jump_elsewhere(Random& random) {
    const int place = (days_ / kDays + 1 + between(random, 1, 2)) % 3;
    jump_days((place - 1) * kDays);
  }
  void start_in_1970() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    set("-" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(since).count() - 5));
  }

  [[nodiscard]] Environment environment() const {
    return {{"LD_PRELOAD", faketime_library().string()},
            {"FAKETIME_TIMESTAMP_FILE", file_.string()},
            {"FAKETIME_NO_CACHE", "1"},
            {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
            {"DONT_FAKE_MONOTONIC", "1"}};
  }

 private:
  /// In one piece: libfaketime may read at any moment.
  void set(const std::string& offset) const {
    const std::filesystem::path next = file_.string() + ".next";
    write_file(next, offset + "\n");
    std::filesystem::rename(next, file_);
  }

  std::filesystem::path file_;
  int days_{};
};

/// One clock for the publishers, one for the forwarders.
struct Clocks {
  explicit Clocks(Trial& trial) : gateways{trial.path("gateways-clock")}, cluster{trial.path("cluster-clock")} {
    for (Publisher& publisher : trial.publishers) publisher.options().environment = gateways.environment();
    for (Forwarder& forwarder : trial.forwarders) forwarder.options().environment = cluster.environment();
  }
  Wall gateways;
  Wall cluster;
};

/// Failed rounds and lost receipts lay readings to rest: their due times are where a clock can hurt.
void make_some_rest(Trial& trial, Random& random) {
  trial.central.answer_always(500);
  trial.feed(between(random, 20, 100));
  trial.feed_plain(between(random, 1, 20));
  at_any_moment(random, std::chrono::seconds{2});
}

/// Whether a text begins with a date that is as far off as a clock here jumps.
bool is_off(const std::string& text) {
  using std::chrono::days;
  int year{};
  unsigned month{};
  unsigned day{};
  if (std::sscanf(text.c_str(), "%4d-%2u-%2u", &year, &month, &day) != 3) return false;
  const std::chrono::sys_days date{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
  const auto today = std::chrono::floor<days>(std::chrono::system_clock::now());
  return std::chrono::abs(date - today) >= days{kDays - 1};
}

/// Forwarders say what time they think it is with every line that they log.
bool forwarders_were_off(const Trial& trial) {
  std::istringstream log{forwarder_logs(trial)};
  for (std::string line; std::getline(log, line);) {
    if (is_off(line)) return true;
  }
  return false;
}

/// Publishers say it with every reading. It must be at central.
bool publishers_were_off(const Trial& trial) {
  return std::ranges::any_of(trial.central.values("measured_at"), is_off);
}

/// Where no clock jumped nothing was tried. What shows it may still be on its way.
void complain_if_no_clock_jumped(Trial& trial) {
  constexpr milliseconds kInterval{200};
  if (!eventually([&] { return publishers_were_off(trial); }, kPatience, kInterval)) {
    trial.complain("no clock of a publisher has jumped, by measured_at at central");
  }
  if (!eventually([&] { return forwarders_were_off(trial); }, kPatience, kInterval)) {
    trial.complain("no clock of a forwarder has jumped, by its log");
  }
}

void await_absence_of_central(Trial& trial) {
  const auto away = [](const Forwarder& forwarder) { return forwarder.status("central_away") == "true"; };
  const auto any_away = [&] { return std::ranges::any_of(trial.forwarders, away); };
  if (!eventually(any_away, kPatience, milliseconds{50})) trial.complain("no forwarder has missed central");
}

void restart_somebody(Trial& trial, Random& random) {
  if (between(random, 0, 1) == 0) {
    Publisher& publisher = trial.publishers[static_cast<std::size_t>(between(random, 0, 1))];
    publisher.kill();
    publisher.start();
  } else {
    Forwarder& forwarder = trial.forwarders[static_cast<std::size_t>(between(random, 0, 1))];
    forwarder.kill();
    forwarder.start_without_waiting();
  }
}

Tally jumps_round(Random& random, Scale scale) {
  Trial trial;
  Clocks clocks{trial};
  trial.start();
  for (int jump = 0; jump < jumps(scale); ++jump) {
    make_some_rest(trial, random);
    Wall& wall = between(random, 0, 1) == 0 ? clocks.gateways : clocks.cluster;
    wall.jump_elsewhere(random);
    trial.count_faults();
    at_any_moment(random, kAnyMoment);
    if (between(random, 0, 2) == 0) restart_somebody(trial, random);
    if (between(random, 0, 1) == 0) trial.central.heal();
    at_any_moment(random, kAnyMoment);
  }
  // The worst is last: what rested in the future must not rest until then.
  make_some_rest(trial, random);
  clocks.cluster.jump_days(kDays);
  clocks.gateways.jump_days(kDays);
  make_some_rest(trial, random);
  complain_if_toothless(trial, forwarder_logs(trial), {"the reading rests"});
  // Who missed central will log that it is back: by the clock that jumped under it.
  trial.central.answer_always(503);
  await_absence_of_central(trial);
  clocks.cluster.jump_days(-kDays);
  clocks.gateways.jump_days(-kDays);
  trial.count_faults(2);
  trial.feed(between(random, 20, 100));
  trial.central.heal();
  complain_if_no_clock_jumped(trial);
  return trial.conclude();
}

/// A gateway without a battery for its clock starts in 1970, and is set some time later.
Tally start_in_1970_round(Random& random, Scale scale) {
  Trial trial;
  Clocks clocks{trial};
  clocks.gateways.start_in_1970();
  clocks.cluster.start_in_1970();
  trial.start();
  for (int start = 0; start < jumps(scale) / 2; ++start) {
    make_some_rest(trial, random);
    clocks.gateways.jump_days(0);
    if (between(random, 0, 1) == 0) clocks.cluster.jump_days(0);
    trial.count_faults();
    trial.feed(between(random, 20, 100));
    trial.central.heal();
    at_any_moment(random, kAnyMoment);
    for (Publisher& publisher : trial.publishers) publisher.kill();
    clocks.gateways.start_in_1970();
    for (Publisher& publisher : trial.publishers) publisher.start();
  }
  complain_if_toothless(trial, publisher_logs(trial), {"the clock is not set"});
  if (!forwarders_were_off(trial)) trial.complain("no forwarder has started in 1970, by its log");
  return trial.conclude();
}

std::string faketime_obstacle() {
  return faketime_library().empty() ? "libfaketimeMT.so.1 is missing (package libfaketime)" : "";
}

}  // namespace

std::vector<Kind> clock_kinds() {
  return {
      {"clock-jumps", "the wall clocks of gateways and forwarders jump by 400 days both ways", jumps_round,
       faketime_obstacle},
      {"clock-1970", "gateways and forwarders start in 1970, their clocks are set later", start_in_1970_round,
       faketime_obstacle},
  };
}

}  // namespace solar::test
