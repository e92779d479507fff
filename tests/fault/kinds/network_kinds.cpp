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
  std::function<milliseconds()> lasts;
  /// How often it was noticed so far; nullptr: nobody need notice, but packets must have been stopped.
  std::function<std::size_t(World&)> noticed;
};

void play(World& world, Random& random, int faults, const Break& how) {
  Trial& trial = world.trial;
  trial.start();
  for (int fault = 0; fault < faults; ++fault) {
    trial.feed(between(random, 50, 300));
    at_any_moment(random, kAnyMoment);
    const std::size_t noticed_before = how.noticed ? how.noticed(world) : 0;
    const std::uint64_t stopped_before = world.island.stopped().packets;

    how.begin(world);
    trial.feed(between(random, 20, 200));
    std::this_thread::sleep_for(how.lasts());
    world.island.heal();
    trial.count_faults();

    if (how.noticed) {
      if (!eventually([&] { return how.noticed(world) > noticed_before; })) trial.complain("nobody noticed the fault");
    } else if (world.island.stopped().packets == stopped_before) {
      trial.complain("the fault stopped no packet");
    }
    trial.feed(between(random, 0, 100));
  }
}

int faults_of(Scale scale, int full) { return scale == Scale::Sample ? 1 : full; }

std::size_t publishers_back(World& world) {
  return std::min(connections(world.trial.publishers[0]), connections(world.trial.publishers[1]));
}

std::size_t forwarder_back(World& world) { return connections(world.trial.forwarders.front()); }

std::size_t posts_failed(World& world) {
  return times_logged(world.trial.forwarders.front().process(), "cause=timeout") +
         times_logged(world.trial.forwarders.front().process(), "cause=no_connection");
}

void cut(World& world, std::uint16_t port = 0) {
  world.island.stop(Way::Out, Fate::Drop, port);
  world.island.stop(Way::In, Fate::Drop, port);
}

// Longer than it takes both sides to notice.
std::function<milliseconds()> long_while(Random& random) {
  return [&random] { return milliseconds{between(random, 3'500, 5'000)}; };
}

std::function<milliseconds()> short_while(Random& random) {
  return [&random] { return milliseconds{between(random, 100, 700)}; };
}

Tally cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [&random](World& w) { between(random, 0, 1) == 0 ? w.island.unplug() : cut(w); };
  play(world, random, faults_of(scale, 4), {begin, long_while(random), publishers_back});
  return world.trial.conclude();
}

Tally short_cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  play(world, random, scale == Scale::Sample ? 3 : 12, {[](World& w) { cut(w); }, short_while(random), nullptr});
  return world.trial.conclude();
}

Tally one_way_round(Random& random, Scale scale, Way way) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [way](World& w) { w.island.stop(way, Fate::Drop); };
  play(world, random, faults_of(scale, 4), {begin, long_while(random), publishers_back});
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
  play(world, random, scale == Scale::Sample ? 3 : 10, {begin, short_while(random), publishers_back});
  return world.trial.conclude();
}

Tally loss_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_publishers();
  const auto begin = [](World& w) {
    w.island.stop(Way::Out, Fate::Drop, 0, 20);
    w.island.stop(Way::In, Fate::Drop, 0, 20);
  };
  play(world, random, faults_of(scale, 5), {begin, long_while(random), nullptr});
  return world.trial.conclude();
}

Tally forwarder_cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_forwarder();
  const auto begin = [](World& w) { cut(w, kBrokerPort); };
  play(world, random, faults_of(scale, 4), {begin, long_while(random), forwarder_back});
  return world.trial.conclude();
}

Tally central_cut_round(Random& random, Scale scale) {
  World world{options()};
  world.settle_forwarder();
  const auto begin = [&random](World& w) {
    const std::uint16_t port = w.trial.central.port();
    const int which = between(random, 0, 3);
    if (which == 0) return cut(w, port);
    if (which == 1) return w.island.stop(Way::Out, Fate::Drop, port);
    if (which == 2) return w.island.stop(Way::In, Fate::Drop, port);
    return w.island.stop(Way::Out, Fate::Reset, port);
  };
  play(world, random, faults_of(scale, 4), {begin, long_while(random), posts_failed});
  return world.trial.conclude();
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
      {"cut-forwarder", "a forwarder's link to the broker is cut for longer than the keepalive", forwarder_cut_round,
       why_not},
      {"cut-central", "a forwarder's link to central is cut, one way or both, or reset", central_cut_round, why_not},
  };
}

}  // namespace solar::test
