#include "tests/support/network_namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "tests/support/process.hpp"

namespace solar::test {
namespace {

using Words = std::vector<std::string>;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

Words inside(const NetworkNamespace& network) { return {"nsenter", "--net=" + network.path()}; }

std::string do_inside(const NetworkNamespace& network, const Words& words) {
  Words all = inside(network);
  all.insert(all.end(), words.begin(), words.end());
  const Finished finished = run({all.front(), {all.begin() + 1, all.end()}, {}});
  if (finished.exit.status == 0) return finished.output;
  std::string text;
  for (const std::string& word : words) text += word + " ";
  throw std::runtime_error{text + "failed: " + finished.log};
}

// The cable's ends have the same name on both sides.
void configure(const NetworkNamespace& network, const std::string& address) {
  do_inside(network, {"ip", "address", "add", address + "/24", "dev", "cable"});
  do_inside(network, {"ip", "link", "set", "cable", "up"});
  do_inside(network, {"nft",
                      "add table inet fault;"
                      "add counter inet fault arrived; add counter inet fault stopped;"
                      "add chain inet fault first { type filter hook input priority -10; };"
                      "add rule inet fault first iifname cable counter name arrived;"
                      "add chain inet fault last { type filter hook input priority 0; }"});
}

bool is_installed(const char* program) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
    if (std::filesystem::exists(std::string{folder} + program)) return true;
  }
  return false;
}

}  // namespace

NetworkNamespace NetworkNamespace::current() {
  Socket descriptor{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!descriptor.valid()) fail("/proc/thread-self/ns/net");
  return NetworkNamespace{std::move(descriptor)};
}

NetworkNamespace NetworkNamespace::fresh() {
  const NetworkNamespace before = current();
  if (::unshare(CLONE_NEWNET) != 0) fail("unshare");
  NetworkNamespace made = current();
  before.enter();
  do_inside(made, {"ip", "link", "set", "lo", "up"});
  return made;
}

void NetworkNamespace::enter() const {
  if (::setns(descriptor_.fd(), CLONE_NEWNET) != 0) fail("setns");
}

std::string NetworkNamespace::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_.fd());
}

std::string Island::obstacle() {
  if (::geteuid() != 0) return "a network of its own needs root";
  for (const auto& [program, package] : {std::pair{"ip", "iproute2"}, std::pair{"tc", "iproute2"},
                                         std::pair{"nft", "nftables"}, std::pair{"nsenter", "util-linux"}}) {
    if (!is_installed(program)) return std::string{program} + " is missing: apt-get install " + package;
  }
  try {
    Island island;
    island.stop(Way::Out, Fate::Reset, 1, 1);
    island.limit(64);
  } catch (const std::exception& error) {
    return std::string{"this kernel, or container, lets nobody break a network of its own: "} + error.what();
  }
  return {};
}

Island::Island()
    : home_{NetworkNamespace::current()},
      mainland_{NetworkNamespace::fresh(), "dport"},
      island_{NetworkNamespace::fresh(), "sport"} {
  lay_cable();
  mainland_.network.enter();
}

void Island::lay_cable() {
  do_inside(mainland_.network,
            {"ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", island_.network.path()});
  configure(mainland_.network, kMainland);
  configure(island_.network, "10.9.0.2");
}

Island::~Island() {
  try {
    do_inside(mainland_.network, {"ip", "link", "delete", "cable"});
  } catch (const std::exception&) {
    // It goes with the namespace.
  }
  try {
    home_.enter();
  } catch (const std::exception&) {
    std::terminate();  // The thread would run whatever comes next without a network.
  }
}

std::vector<std::string> Island::wrapper() const { return inside(island_.network); }

void Island::stop(Way way, Fate fate, std::uint16_t port, int percent) {
  const Shore& shore = end_of(way);
  std::string rule = "add rule inet fault last iifname cable meta l4proto tcp ";
  if (port != 0) rule += std::string{"tcp "} + shore.port_field + " " + std::to_string(port) + " ";
  if (percent < 100) rule += "numgen random mod 100 < " + std::to_string(percent) + " ";
  rule += "counter name stopped ";
  rule += fate == Fate::Drop ? "drop" : "reject with tcp reset";
  do_inside(shore.network, {"nft", rule});
}

void Island::unplug() {
  unplugged_ = true;
  do_inside(mainland_.network, {"ip", "link", "set", "cable", "down"});
}

void Island::limit(int kbit_per_second) {
  for (const Shore* shore : {&mainland_, &island_}) {
    do_inside(shore->network, {"tc", "qdisc", "replace", "dev", "cable", "root", "tbf", "rate",
                               std::to_string(kbit_per_second) + "kbit", "burst", "1600", "latency", "500ms"});
  }
}

void Island::heal() {
  if (std::exchange(unplugged_, false)) do_inside(mainland_.network, {"ip", "link", "set", "cable", "up"});
  for (const Shore* shore : {&mainland_, &island_}) {
    do_inside(shore->network, {"nft", "flush chain inet fault last"});
    const std::string queue = do_inside(shore->network, {"tc", "qdisc", "show", "dev", "cable"});
    if (queue.find("tbf") != std::string::npos) {
      do_inside(shore->network, {"tc", "qdisc", "delete", "dev", "cable", "root"});
    }
  }
}

Island::Traffic Island::count(const Shore& shore, const std::string& counter) {
  const auto listed =
      nlohmann::json::parse(do_inside(shore.network, {"nft", "-j", "list", "counter", "inet", "fault", counter}));
  for (const auto& entry : listed.at("nftables")) {
    if (!entry.contains("counter")) continue;
    return {entry["counter"].at("packets"), entry["counter"].at("bytes")};
  }
  throw std::runtime_error{"no counter " + counter};
}

Island::Traffic Island::stopped() const {
  const Traffic out = count(mainland_, "stopped");
  const Traffic in = count(island_, "stopped");
  return {out.packets + in.packets, out.bytes + in.bytes};
}

Island::Traffic Island::arrived(Way way) const { return count(end_of(way), "arrived"); }

}  // namespace solar::test
