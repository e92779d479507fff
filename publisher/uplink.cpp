#include "publisher/uplink.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "publisher/status.hpp"
#include "shared/log.hpp"
#include "shared/message.hpp"
#include "shared/overload.hpp"
#include "shared/random_bits.hpp"
#include "shared/sqlite.hpp"
#include "shared/topic.hpp"

namespace solar {

namespace {

constexpr Millis kOfferInterval{24 * 60 * 60'000};
constexpr std::size_t kOfferMax = 100;  // refused readings a day
constexpr Millis kStatusPause{60'000};  // between two statuses on change
constexpr Millis kLineInterval{250};
constexpr Millis kDiskInterval{1'000};  // between two looks at how much of it is free
constexpr Millis kGoodbyeTimeout{2'000};
constexpr std::size_t kBacklogWorthAWord = 100;

MqttMessage presence(const Origin& origin, const char* payload) {
  return {.topic = to_string(Topic{.origin = origin, .channel = Channel::Presence}),
          .payload = payload,
          .retained = true,
          .content_type = {},
          .content_encoding = {}};
}

std::string client_id(const Origin& origin, std::uint64_t bits) {
  return encode_level(origin.village) + "-" + encode_level(origin.device) + "-" + token_text(bits);
}

MqttOptions broker_options(const PublisherConfig& config, Queue& queue) {
  MqttOptions options = config.broker;
  options.client_id = client_id(config.origin, client_bits(queue, random_bits(), false));
  options.filters = {to_string(Topic{.origin = config.origin, .channel = Channel::Receipts})};
  options.birth = presence(config.origin, "online");
  options.will = presence(config.origin, "offline");
  return options;
}

CourierPolicy courier_policy(const PublisherConfig& config) {
  return {.window = {.min = 1,
                     .start = std::min(config.window_start, config.window_max),
                     .max = config.window_max,
                     .growth = Window::Growth::PerSuccess},
          .side = CourierPolicy::Receipts{.timeout_first = config.receipt_timeout,
                                          .timeout_max = std::max(config.receipt_timeout, kRestMax),
                                          .selection = {}}};
}

}  // namespace

std::uint64_t client_bits(Queue& queue, std::uint64_t fresh_bits, bool renew) {
  try {
    return queue.kept_bits(fresh_bits, renew);
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::warning("no room on the disk for a new client id; it is drawn for this run only", {{"error", error.what()}});
    return fresh_bits;
  }
}

Uplink::Uplink(const PublisherConfig& config, Queue& queue, const Clock& clock, OnSettled on_settled)
    : config_{config},
      queue_{queue},
      clock_{clock},
      on_settled_{std::move(on_settled)},
      sink_{session_},
      session_{broker_options(config, queue), [this](const MqttMessage& message) { sink_.take_receipt(message); },
               [this] { sink_.wake(); }},
      random_{random_bits()},
      courier_{queue, sink_, courier_policy(config), [this] {
                 return std::uniform_real_distribution<double>{0, 1}(random_);
               }} {
  courier_.pause();
}

void Uplink::run(const std::function<bool()>& done) {
  Millis wait{0};
  while (true) {
    const Millis next = turn(wait);
    if (stopping_ || done()) break;
    wait = std::clamp(next - clock_.now().steady, Millis{0}, kTurnWaitMax);
  }
  finish();
}

void Uplink::finish() {
  log::live_line("");
  session_.disconnect(kGoodbyeTimeout, presence(config_.origin, "offline"));
  try {
    queue_.flush_removals();
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::warning("no room on the disk for removals; what they were about is sent again", {{"error", error.what()}});
  }
}

Millis Uplink::turn(Millis wait) {
  completions_ = sink_.poll(wait);
  const Now now = clock_.now();
  heartbeat_.beat(now.steady);
  const Millis session_next = session_.tick(now);
  for (const MqttEvent& event : session_.take_events()) handle(event, now);
  offer_refused(now);
  const TickResult result = courier_.tick(now, completions_);
  take_snapshot(now, !result.settled.empty());
  on_settled_(result.settled);
  publish_status(now);
  show_live_line(now);
  Millis next = std::min({result.next, session_next, *offer_at_});
  if (session_.connected() && status_at_) next = std::min(next, *status_at_);
  if (log::on_terminal()) next = std::min(next, now.steady + kLineInterval);
  return next;
}

void Uplink::stop() {
  stopping_ = true;
  sink_.wake();
}

void Uplink::handle(const MqttEvent& event, Now now) {
  std::visit(
      Overload{
          [&](const Connected& connected) {
            log::info("connected", {{"broker", config_.broker.url}, {"session_present", connected.session_present}});
            courier_.resume(now, connected.session_present);
            clone_suspicion_.on_connected(now.steady);
            status_at_ = now.steady;
          },
          [&](const Disconnected& disconnected) {
            log::limited(log::Level::Warning, "no connection to the broker; readings are kept",
                         {{"broker", config_.broker.url}, {"why", disconnected.why}});
            courier_.pause();
            if (clone_suspicion_.on_disconnected(now.steady)) take_new_client_id();
          },
          [&](const TakenOver&) { take_new_client_id(); },
          [&](const Denied& denied) {
            log::limited(log::Level::Error, "the broker refused; check user name, password file, village and ACL",
                         {{"what", denied.what}, {"why", denied.why}});
          },
          [](const Unsubscribed&) {}},
      event);
}

void Uplink::take_new_client_id() {
  log::error("another gateway seems to use our client id: was this card cloned? a new id is drawn",
             {{"village", config_.origin.village}, {"device", config_.origin.device}});
  session_.change_client_id(client_id(config_.origin, client_bits(queue_, random_bits(), true)));
}

void Uplink::offer_refused(Now now) {
  if (offer_at_ && *offer_at_ > now.steady) return;
  offer_at_ = now.steady + kOfferInterval;
  try {
    const std::size_t offered = queue_.offer_refused(now.wall, kOfferMax);
    if (offered > 0) log::info("refused readings are offered again, once a day", {{"readings", offered}});
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::warning("no room on the disk to offer refused readings again; tomorrow", {{"error", error.what()}});
  }
}

/// Retained, on change and every status_interval; a change is one of kind, not of every number.
void Uplink::publish_status(Now now) {
  if (!session_.connected()) return;
  if (status_at_ && *status_at_ > now.steady) return;
  const QueueStats stats = queue_.stats(now.wall);
  const MqttMessage message{.topic = to_string(Topic{.origin = config_.origin, .channel = Channel::Status}),
                            .payload = status_message(stats, snapshot(), now.wall),
                            .retained = true,
                            .content_type = std::string{kContentTypeJson},
                            .content_encoding = {}};
  const std::string kind =
      std::to_string(stats.refused) + (stats.waiting > kBacklogWorthAWord ? " backlog" : " up to date");
  const bool due = !published_status_at_ || now.steady - *published_status_at_ >= config_.status_interval;
  status_at_ = now.steady + std::min(kStatusPause, config_.status_interval);
  if (kind == status_kind_ && !due) return;
  if (!session_.publish(message)) return;
  status_kind_ = kind;
  published_status_at_ = now.steady;
}

void Uplink::show_live_line(Now now) {
  if (!log::on_terminal() || (line_at_ && now.steady - *line_at_ < kLineInterval)) return;
  const CourierStats stats = courier_.stats();
  const double seconds = line_at_ ? std::chrono::duration<double>(now.steady - *line_at_).count() : 1;
  rate_ = rate_ * 0.8 + 0.2 * static_cast<double>(stats.delivered - shown_delivered_) / seconds;
  shown_delivered_ = stats.delivered;
  line_at_ = now.steady;
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "%s  waiting %llu  sent %llu  confirmed %llu  %.1f/s  %s",
                config_.origin.village.c_str(), static_cast<unsigned long long>(queue_.stats(now.wall).waiting),
                static_cast<unsigned long long>(stats.sent), static_cast<unsigned long long>(stats.delivered), rate_,
                session_.connected() ? "connected" : "no connection");
  log::live_line(text.data());
}

void Uplink::take_snapshot(Now now, bool receipts) {
  const CourierStats courier = courier_.stats();
  const bool look_at_disk = !disk_at_ || now.steady - *disk_at_ >= kDiskInterval;
  if (look_at_disk) disk_at_ = now.steady;
  const std::optional<QueueStats> queue = look_at_disk ? std::optional{queue_.stats(now.wall)} : std::nullopt;
  const std::optional<DiskState> disk = look_at_disk ? std::optional{disk_state(config_.outbox_path)} : std::nullopt;
  const std::lock_guard lock{snapshot_mutex_};
  if (disk) snapshot_.disk = disk;
  if (queue) snapshot_.queue = *queue;
  snapshot_.used_fraction = queue_.used_fraction();
  snapshot_.courier = courier;
  snapshot_.connected = session_.connected();
  snapshot_.messages_sent = sink_.messages_sent();
  snapshot_.strange_receipts = courier.strangers + sink_.strangers();
  if (receipts) snapshot_.last_receipt_at = now.wall;
}

Uplink::Snapshot Uplink::snapshot() const {
  const std::lock_guard lock{snapshot_mutex_};
  return snapshot_;
}

}  // namespace solar
