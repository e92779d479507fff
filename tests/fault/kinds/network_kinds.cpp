// Links that break in every way that links do: both publishers, or a forwarder, live on an island behind a cable.
#include <functional>
#include <thread>

#include "tests/fault/kinds/reach.hpp"
#include "tests/fault/kinds/trial.hpp"
#include "tests/support/network_namespace.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Way = Island::Way;
using Fate = Island::Fate;

constexpr milliseconds kAnyMoment{300};
constexpr milliseconds kMoment{100};
constexpr milliseconds kMoments{700};
constexpr milliseconds kLong{2'000};
constexpr milliseconds kLonger{3'000};
constexpr std::uint16_t kBrokerPort = 1883;  // the network is ours alone

std::string on_mainland(const std::string& scheme, std::uint16_t port) {
  return scheme + "://" + Island::kMainland + ":" + std::to_string(port);
}

Trial::Options options(const Flags& publisher_extra = {}) {
  Flags publisher = short_link_timers();
  publisher.insert(publisher.end(), publisher_extra.begin(), publisher_extra.end());
  Flags forwarder = short_link_timers();
  forwarder.insert(forwarder.end(), {"--request-timeout", "1s"});
  return {.publisher_extra = publisher,
          .forwarder_extra = forwarder,
          .broker_extra = "listener " + std::to_string(kBrokerPort) + " " + Island::kMainland,
          .central_host = "0.0.0.0"};
}

/// The island is there before all that lives in its networks, and goes after it.
struct World {
  Island island;
  Trial trial;

  explicit World(const Trial::Options& options) : trial{options} {}

  void settle_publishers() {
    for (Publisher& publisher : trial.publishers) settle(publisher.options());
  }
  void settle_forwarder() {
    settle(trial.forwarders.front().options());
    trial.forwarders.front().options().api_url = on_mainland("http", trial.central.port()) + "/api/solar";
  }

 private:
  template <class Options>
  void settle(Options& options) {
    options.broker_url = on_mainland("mqtt", kBrokerPort);
    options.wrapper = island.wrapper();
  }
};

struct Break {
  std::function<void(World&)> begin;
  milliseconds shortest;
  milliseconds longest;
  std::function<bool(World&)> felt{};  ///< it lasts at least until then; without: until packets have been stopped
};

void play(World& world, Random& random, int faults, const Break& how) {
  Trial& trial = world.trial;
  trial.start();
  await_connections(trial);
  for (int fault = 0; fault < faults; ++fault) {
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const std::uint64_t stopped_before = world.island.stopped().packets;

    how.begin(world);
    trial.feed(between(random, 20, 200));
    std::this_thread::sleep_for(how.shortest);
    at_any_moment(random, how.longest - how.shortest);
    const auto felt = [&] { return how.felt ? how.felt(world) : world.island.stopped().packets > stopped_before; };
    if (!eventually(felt, kPatience, milliseconds{100})) trial.complain("nobody felt the fault");
    world.island.heal();
    trial.count_faults();
    trial.feed(between(random, 0, 100));
  }
}

int faults_of(Scale scale, int full) { return scale == Scale::Sample ? 1 : full; }

bool publishers_cut_off(World& world) {
  return cut_off(world.trial.publishers[0]) && cut_off(world.trial.publishers[1]);
}

bool forwarder_cut_off(World& world) { return cut_off(world.trial.forwarders.front()); }

void cut(World& world, std::uint16_t port = 0) {
  world.island.stop(Way::Out, Fate::Drop, port);
  world.island.stop(Way::In, Fate::Drop, port);
}

Tally cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [&random](World& w) { between(random, 0, 1) == 0 ? w.island.unplug() : cut(w); };
  play(world, random, faults_of(scale, 4), {begin, kLong, kLonger, publishers_cut_off});
  return world.trial.conclude();
}

Tally short_cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  play(world, random, scale == Scale::Sample ? 3 : 12, {[](World& w) { cut(w); }, kMoment, kMoments});
  return world.trial.conclude();
}

Tally one_way_round(Random& random, Scale scale, Way way) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [way](World& w) { w.island.stop(way, Fate::Drop); };
  play(world, random, faults_of(scale, 4), {begin, kLong, kLonger, publishers_cut_off});
  return world.trial.conclude();
}

Tally one_way_out_round(Random& random, Scale scale) { return one_way_round(random, scale, Way::Out); }
Tally one_way_in_round(Random& random, Scale scale) { return one_way_round(random, scale, Way::In); }

// Only the sender of the packet hears of it: the other side finds out by itself.
Tally reset_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [&random](World& w) {
    w.island.stop(between(random, 0, 1) == 0 ? Way::Out : Way::In, Fate::Reset);
  };
  play(world, random, scale == Scale::Sample ? 3 : 10, {begin, kMoment, kMoments});
  return world.trial.conclude();
}

Tally loss_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [](World& w) {
    w.island.stop(Way::Out, Fate::Drop, 0, 20);
    w.island.stop(Way::In, Fate::Drop, 0, 20);
  };
  play(world, random, faults_of(scale, 5), {begin, kLong, kLonger});
  return world.trial.conclude();
}

Tally forwarder_cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_forwarder();
  const auto begin = [](World& w) { cut(w, kBrokerPort); };
  play(world, random, faults_of(scale, 4), {begin, kLong, kLonger, forwarder_cut_off});
  return world.trial.conclude();
}

Tally central_cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_forwarder();
  std::size_t failed_before = 0;
  const auto felt = [&](World& w) { return failed_posts(w.trial) > failed_before; };
  const auto begin = [&](World& w) {
    failed_before = failed_posts(w.trial);
    const std::uint16_t port = w.trial.central.port();
    const int which = between(random, 0, 3);
    if (which == 0) return cut(w, port);
    if (which == 1) return w.island.stop(Way::Out, Fate::Drop, port);
    if (which == 2) return w.island.stop(Way::In, Fate::Drop, port);
    return w.island.stop(Way::Out, Fate::Reset, port);
  };
  play(world, random, faults_of(scale, 4), {begin, kMoment, kLong, felt});
  return world.trial.conclude();
}

constexpr int kSlowKbit = 64;
constexpr double kSlowBytesPerSecond = kSlowKbit * 1000 / 8.0;
constexpr double kBytesPerReadingMax = 60;  // of a backlog, both ways, with TCP and all headers

/// Whether a backlog of so many readings goes through the slow link as fast as the link allows, and once.
void crawl(World& world, int readings) {
  Trial& trial = world.trial;
  const auto out = world.island.arrived(Way::Out).bytes;
  const auto in = world.island.arrived(Way::In).bytes;
  const auto begin = steady_clock::now();
  const bool all = trial.central.gets(static_cast<std::uint64_t>(readings), std::chrono::seconds{120});
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  const auto sent = static_cast<double>(world.island.arrived(Way::Out).bytes - out);
  const auto received = static_cast<double>(world.island.arrived(Way::In).bytes - in);
  const double per_reading = (sent + received) / readings;
  const std::string what = std::to_string(per_reading) + " bytes a reading, " + std::to_string(seconds) + " s";
  if (!all) trial.complain("the slow link never carried everything: " + what);
  if (per_reading > kBytesPerReadingMax) trial.complain("more went over the slow link than need be: " + what);
  // Half of the time may be a busy machine's; a wait for a receipt that never comes is longer.
  if (seconds > 10 + 2 * sent / kSlowBytesPerSecond) trial.complain("the slow link was idle for long: " + what);
}

Tally slow_round(Random& random, Scale scale) {
  // In proportion to the rate: with receipts later than that, everything would be sent twice.
  Trial::Options slow = options({"--receipt-timeout", "20s", "--keepalive", "5s"});
  slow.in_memory = true;
  World world{slow};
  world.settle_publishers();
  Trial& trial = world.trial;
  // Their link is whole: on a busy machine a keepalive of a second would cut it, and what was on it waits for its
  // timer.
  for (Forwarder& forwarder : trial.forwarders) {
    forwarder.options().extra.insert(forwarder.options().extra.end(), {"--keepalive", "30s"});
  }
  trial.start();
  await_connections(trial);
  const int readings = scale == Scale::Sample ? between(random, 1'000, 1'500) : between(random, 5'000, 8'000);
  cut(world);
  trial.feed(readings);
  for (Publisher& publisher : trial.publishers) {
    if (!publisher.accepts(static_cast<std::size_t>(readings))) trial.complain("a backlog was not accepted in time");
  }
  world.island.heal();
  world.island.limit(kSlowKbit);
  trial.count_faults();
  crawl(world, 2 * readings);
  Tally tally = trial.conclude();
  if (tally.duplicates > tally.accepted / 20) {
    tally.complaints.push_back(
        "readings were sent again and again over the slow link: " + std::to_string(tally.duplicates) + " duplicates");
  }
  return tally;
}

}  // namespace

std::vector<Kind> network_kinds() {
  const auto why_not = Island::obstacle;
  return {
      {"cut", "the village's link is cut, or unplugged, for longer than the keepalive", cut_round, why_not},
      {"short-cut", "the village's link is cut for less than the keepalive", short_cut_round, why_not},
      {"one-way-out", "nothing from the village arrives, for longer than the keepalive", one_way_out_round, why_not},
      {"one-way-in", "nothing arrives in the village, for longer than the keepalive", one_way_in_round, why_not},
      {"reset", "connections from the village are reset, and only one side is told", reset_round, why_not},
      {"loss", "one packet in five is lost, both ways", loss_round, why_not},
      {"slow", "a backlog goes over a link of 64 kbit/s", slow_round, why_not},
      {"cut-forwarder", "a forwarder's link to the broker is cut for longer than the keepalive", forwarder_cut_round,
       why_not},
      {"cut-central", "a forwarder's link to central is cut, one way or both, or reset", central_cut_round, why_not},
  };
}

}  // namespace solar::test
