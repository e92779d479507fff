#include "tests/wire/rigs.hpp"

#include <filesystem>
#include <stdexcept>

#include "shared/deflate.hpp"
#include "shared/message.hpp"
#include "shared/sqlite.hpp"

namespace solar::test {
namespace {

void make_quick(MqttOptions& broker, std::string url) {
  broker.url = std::move(url);
  broker.reconnect_min = Millis{20};
  broker.reconnect_max = Millis{100};
  broker.reconnect_spread = Millis{0};
}

}  // namespace

ForwarderRig::ForwarderRig(std::string broker_url, std::string api_url, const Tweak& tweak) {
  make_quick(config_.broker, std::move(broker_url));
  config_.broker.client_id = "forwarder-0";
  config_.api_url = std::move(api_url);
  config_.retry.interval = Millis{20};
  config_.retry.rest_first = Millis{100};
  config_.retry.rest_max = Millis{200};
  config_.knock_interval = Millis{50};
  config_.receipt_interval = Millis{20};
  config_.drain_timeout = Millis{0};
  config_.drain_plain_timeout = Millis{0};
  config_.inbox_path = room_.database().string();
  tweak(config_);

  QueueOptions options = room_.options(0xF0);
  options.max_bytes = config_.inbox_max;
  inbox_ = std::make_unique<Queue>(options);
  relay_ = std::make_unique<Relay>(config_, *inbox_, clock_);
}

ForwarderRig::~ForwarderRig() {
  relay_->stop();
  if (thread_.joinable()) thread_.join();
}

void ForwarderRig::start() {
  thread_ = std::thread{[this] { relay_->run(); }};
}

std::int64_t ForwarderRig::on_disk() const {
  const std::filesystem::path copy = room_.file("copy.db");
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy_file(room_.database().string() + suffix, copy.string() + suffix,
                               std::filesystem::copy_options::overwrite_existing);
  }
  Sqlite database{{.path = copy, .synchronous_full = false}};
  Statement count = database.prepare("SELECT count(*) FROM readings");
  return count.step() ? count.integer(0) : 0;
}

PublisherRig::PublisherRig(std::string broker_url, const Tweak& tweak) {
  make_quick(config_.broker, std::move(broker_url));
  config_.origin = {.village = "Bamenda", .device = "main"};
  config_.outbox_path = room_.database().string();
  tweak(config_);

  outbox_ = std::make_unique<Queue>(room_.options(0xA0));
  acceptance_ = std::make_unique<Acceptance>(*outbox_, clock_, config_.origin, [this] {
    if (uplink_) uplink_->wake();
  });
}

PublisherRig::~PublisherRig() {
  if (uplink_) uplink_->stop();
  if (thread_.joinable()) thread_.join();
}

void PublisherRig::start() {
  uplink_ = std::make_unique<Uplink>(config_, *outbox_, clock_, [](std::span<const Settled>) {});
  thread_ = std::thread{[this] { uplink_->run([] { return false; }); }};
}

std::string PublisherRig::accept(std::string_view reading) {
  const auto result = acceptance_->accept(reading);
  if (!std::holds_alternative<RowId>(result)) throw std::runtime_error{"not accepted: " + std::string{reading}};
  return to_string(std::get<RowId>(result));
}

std::vector<std::string> PublisherRig::accept_numbers(int first, int count) {
  std::vector<std::string> ids;
  for (int n = first; n < first + count; ++n) ids.push_back(accept(R"({"power_kw":)" + std::to_string(n) + "}"));
  return ids;
}

std::string plain_payload(const mqtt::Publish& message) {
  if (message.user_properties.empty()) return message.payload;
  return std::get<std::string>(inflated(message.payload, kMessageMaxBytes));
}

std::string receipt_for(const std::vector<std::string>& ids) {
  std::string payload = R"({"delivered":[)";
  for (const std::string& id : ids) payload += (id == ids.front() ? "\"" : ",\"") + id + "\"";
  return payload + "]}";
}

}  // namespace solar::test
