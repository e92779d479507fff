#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/bench/parts/parts.hpp"
#include "tests/bench/parts/rig.hpp"
#include "tests/support/http_sink.hpp"
#include "tests/support/net.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace solar::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::HttpSink;

// A clear day's readings, one a minute: what a gateway sends after a day without a link. Three fields; the publisher
// adds the id.
void write_readings(const fs::path& path, std::uint64_t count) {
  std::ofstream file{path};
  char line[160];
  for (std::uint64_t n = 0; n < count; ++n) {
    const auto minute = static_cast<unsigned>(n % (24 * 60));
    const auto day = static_cast<unsigned>(n / (24 * 60));
    const double power = static_cast<double>(n * 7919 % 2500) / 10.0;
    std::snprintf(line, sizeof line,
                  "{\"village\":\"Bamenda\",\"power_kw\":%.1f,\"measured_at\":\"%04u-%02u-%02uT%02u:%02u:00.000Z\"}\n",
                  power, 2020 + day / 336 % 80, 1 + day / 28 % 12, 1 + day % 28, minute / 60, minute % 60);
    file << line;
  }
}

test::Publisher publisher(const fs::path& folder, const std::string& broker_url, Flags extra = {}) {
  Flags flags{"--receipt-timeout", "60s", "--outbox-max", "8GiB", "--log-level", "INFO"};
  flags.insert(flags.end(), extra.begin(), extra.end());
  return {folder, {broker_url, "Bamenda", "main", std::move(flags)}};
}

std::string url(std::uint16_t port) { return "mqtt://127.0.0.1:" + std::to_string(port); }

std::uint64_t lines_in(const fs::path& path) {
  const std::string text = test::read_file(path);
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

void wait_for_acceptance(test::Publisher& gateway, std::uint64_t readings) {
  const auto all = [&] { return lines_in(gateway.folder() / "publisher.log.out") >= readings; };
  if (!test::eventually(all, milliseconds{1'800'000}, milliseconds{200}))
    throw std::runtime_error{"the publisher does not accept its lines"};
}

// What the preloaded counter counts, in a file that the process maps.
class FsyncCount {
 public:
  explicit FsyncCount(fs::path path) : path_{std::move(path)} {
    test::write_file(path_, std::string(sizeof(std::uint64_t), '\0'));
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    return {{"LD_PRELOAD", test::sibling("solar_fsync_counter.so").string()}, {"SOLAR_FSYNC_COUNT", path_.string()}};
  }
  [[nodiscard]] double value() const {
    std::uint64_t count = 0;
    const std::string bytes = test::read_file(path_);
    std::memcpy(&count, bytes.data(), std::min(bytes.size(), sizeof count));
    return static_cast<double>(count);
  }

 private:
  fs::path path_;
};

// The receipt has come when nothing has moved on the link for a while after central answered.
void wait_for_quiet(const test::TcpProxy& link) {
  std::uint64_t last = 0;
  for (int quiet = 0; quiet < 8;) {
    const std::uint64_t now = link.traffic().bytes();
    quiet = now == last ? quiet + 1 : 0;
    last = now;
    std::this_thread::sleep_for(milliseconds{5});
  }
}

}  // namespace

std::vector<Figure> measure_full_outbox(const Scale& scale) {
  const test::TemporaryDirectory folder;
  const test::Broker broker{folder.path() / "broker"};
  test::Nginx central{folder.path() / "nginx"};
  test::Forwarder relay = forwarder(folder.path() / "forwarder", broker, central.url());
  relay.start();
  test::TcpProxy link{broker.port()};
  link.refuse(true);
  write_readings(folder.path() / "readings", scale.million);
  test::Publisher gateway = publisher(folder.path() / "publisher", url(link.port()));
  gateway.options().standard_input = folder.path() / "readings";

  gateway.start();
  const MemoryPeak peak{gateway.process()};
  const auto start = std::chrono::steady_clock::now();
  wait_for_acceptance(gateway, scale.million);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double filled = peak.anonymous_mib();
  link.refuse(false);  // what waits is read as well as kept
  if (!test::eventually([&] { return central.posts() > 10'000; }, milliseconds{180'000}))
    throw std::runtime_error{"the backlog does not flow"};

  return {{"publisher_memory",
           "publisher with 1,000,000 in the outbox, anonymous memory, MiB",
           peak.anonymous_mib(),
           "",
           6,
           false,
           {{"before it was connected, MiB", filled},
            {"resident, MiB", peak.resident_mib()},
            {"accepted, readings/s", static_cast<double>(scale.million) / seconds}}}};
}

std::vector<Figure> measure_link(const Scale& scale) {
  const test::TemporaryDirectory folder;
  const test::Broker broker{folder.path() / "broker"};
  test::Nginx central{folder.path() / "nginx"};
  test::Forwarder relay = forwarder(folder.path() / "forwarder", broker, central.url());
  relay.start();
  test::TcpProxy link{broker.port()};
  link.refuse(true);
  write_readings(folder.path() / "readings", scale.link_readings);
  test::Publisher gateway = publisher(folder.path() / "publisher", url(link.port()));
  gateway.options().standard_input = folder.path() / "readings";
  gateway.start();
  wait_for_acceptance(gateway, scale.link_readings);

  const std::uint64_t before = link.traffic().bytes();
  link.refuse(false);
  const auto drained = [&] { return gateway.status("waiting") == "0" && gateway.status("unconfirmed") == "0"; };
  if (!test::eventually(drained, milliseconds{300'000}, milliseconds{500}))
    throw std::runtime_error{"the outbox does not drain"};
  const auto readings = static_cast<double>(scale.link_readings);
  const test::TcpProxy::Traffic traffic = link.traffic();

  return {{"link_bytes",
           "bytes on the broker link per backlog reading",
           static_cast<double>(traffic.bytes() - before) / readings,
           "",
           20,
           false,
           {{"up, bytes/reading", static_cast<double>(traffic.up_bytes) / readings},
            {"down, bytes/reading", static_cast<double>(traffic.down_bytes) / readings},
            {"POSTs per reading", static_cast<double>(central.posts()) / readings}}}};
}

std::vector<Figure> measure_quiet_publisher(const Scale& scale) {
  const test::TemporaryDirectory folder;
  const test::Broker broker{folder.path() / "broker"};
  const std::uint16_t port = test::free_port();
  const HttpSink central{port, [](std::string_view, HttpSink::Clock::time_point) {}};
  test::Forwarder relay =
      forwarder(folder.path() / "forwarder", broker, test::api_url(port), {"--receipt-interval", "10ms"});
  relay.start();
  const test::TcpProxy link{broker.port()};
  const FsyncCount fsyncs{folder.path() / "fsyncs"};
  test::Publisher gateway = publisher(folder.path() / "publisher", url(link.port()));
  gateway.options().environment = fsyncs.environment();
  gateway.start();
  gateway.feed_numbers(0, 1);  // what making the file costs is not counted
  if (!test::eventually([&] { return central.posts() >= 1; })) throw std::runtime_error{"the reading does not arrive"};
  wait_for_quiet(link);

  const double before = fsyncs.value();
  for (std::uint64_t n = 1; n <= scale.single_readings; ++n) {
    gateway.feed_numbers(static_cast<int>(n), 1);
    if (!test::eventually([&] { return central.posts() > n; })) throw std::runtime_error{"the reading does not arrive"};
    wait_for_quiet(link);
  }
  const double after = fsyncs.value();
  // An accepted reading is on the disk: without a single fsync the counter is not in the process.
  if (after <= before) throw std::runtime_error{"no fsync was counted: is solar_fsync_counter.so there?"};
  const std::uint64_t bytes = link.traffic().bytes();
  const milliseconds cpu = gateway.process().cpu_time();
  std::this_thread::sleep_for(std::chrono::seconds{scale.seconds});

  const double idle_fsyncs = fsyncs.value() - after;
  const auto idle_bytes = static_cast<double>(link.traffic().bytes() - bytes);
  const auto idle_cpu = static_cast<double>((gateway.process().cpu_time() - cpu).count());
  return {{"fsyncs",
           "publisher, one reading at a time: fsync per reading",
           (after - before) / static_cast<double>(scale.single_readings),
           "",
           1.1,
           false,
           {}},
          {"idle",
           "publisher between readings: fsync and bytes on the link but keepalive",
           idle_fsyncs + std::max(0.0, idle_bytes - 4),
           "",
           0,
           false,
           {{"processor time per idle second, ms", idle_cpu / scale.seconds}}}};
}

}  // namespace solar::bench
