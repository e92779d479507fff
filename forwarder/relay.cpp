#include "forwarder/relay.hpp"

#include <algorithm>

#include "shared/log.hpp"
#include "shared/message.hpp"
#include "shared/overload.hpp"
#include "shared/random_bits.hpp"
#include "shared/sqlite.hpp"
#include "shared/topic.hpp"

namespace solar {

namespace {

constexpr std::size_t kInHandMax = 1024;
constexpr std::size_t kReceiptMessagesPerTurn = 16;
constexpr Millis kPlainCheckInterval{1'000};
constexpr Millis kLastReceiptsTimeout{2'000};
constexpr Millis kLastReceiptsPause{10};
constexpr Millis kLeavePatience{10'000};  // for the marker, also where nothing is to be drained
constexpr Millis kSteerInterval{1'000};

MqttOptions broker_options(const ForwarderConfig& config, const std::string& filter, const std::string& marker) {
  MqttOptions options = config.broker;
  options.filters = {filter, marker};
  return options;
}

CourierPolicy courier_policy(const ForwarderConfig& config) {
  return {.window = {.min = 1,
                     .start = std::min(4U, config.window_max),
                     .max = config.window_max,
                     .growth = Window::Growth::PerRoundTrip},
          .in_hand_max = kInHandMax,
          .side = CourierPolicy::Rounds{.retry = config.retry, .knock_interval = config.knock_interval}};
}

}  // namespace

Relay::Relay(const ForwarderConfig& config, Queue& queue, const Clock& clock)
    : config_{config},
      queue_{queue},
      clock_{clock},
      marker_{marker_topic(config.broker.client_id)},
      filter_{shared_readings_filter(config.group)},
      shown_filter_{shared_readings_filter(shown_group(config.group))},
      sink_{http_options(config), clock},
      intake_{queue, clock, config.inbox_path, [this] { wake_if_idle(); }},
      session_{broker_options(config, filter_, marker_), [this](const MqttMessage& message) { on_message(message); },
               [this] { wake(); }},
      random_{random_bits()},
      courier_{queue, sink_, courier_policy(config),
               [this] {
                 return std::uniform_real_distribution<double>{0, 1}(random_);
               }},
      receipts_{config.receipt_interval} {}

void Relay::on_message(const MqttMessage& message) {
  if (message.topic == marker_) {
    marker_seen_ = true;
    wake();
    return;
  }
  intake_.take(message);
}

void Relay::wake() { sink_.wake(); }

/// While the courier is at work it looks for new rows anyway, and a wake costs a system call.
void Relay::wake_if_idle() {
  if (idle_) wake();
}

void Relay::stop() {
  stopping_ = true;
  wake();
}

void Relay::run() {
  Millis wait{0};
  while (const auto next = turn(wait)) wait = std::max(*next - clock_.now().steady, Millis{0});
  finish();
}

void Relay::finish() {
  publish_last_receipts();
  session_.disconnect(kLastReceiptsTimeout);
  try {
    queue_.flush_removals();
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) throw;
    log::warning("no room on the disk for removals; their readings are posted again", {{"error", error.what()}});
  }
  const QueueStats left = queue_.stats(clock_.now().wall);
  log::info("stopped", {{"left_in_inbox", left.waiting}, {"file", config_.inbox_path}});
}

std::optional<Millis> Relay::turn(Millis wait) {
  idle_ = true;
  // A row that came between the courier's look and the flag would wait for the next wake.
  const bool news = queue_.last_seq() != seen_seq_;
  seen_seq_ = queue_.last_seq();
  completions_ = sink_.poll(news ? Millis{0} : wait);
  idle_ = false;
  const Now before = clock_.now();
  heartbeat_.beat(before.steady);
  if (!connecting_) steer_membership(before);
  const Millis session_next = connecting_ ? session_.tick(before) : before.steady + kSteerInterval;
  for (const MqttEvent& event : session_.take_events()) handle(event);
  steer_membership(before);
  const TickResult result = courier_.tick(before, completions_);
  take_settled(result.settled, before);
  publish_receipts(before, false);
  publish_dead_letters();
  take_snapshot();
  if (stopping_ && finished(before)) return std::nullopt;
  return next_turn(result.next, session_next, before.steady);
}

Millis Relay::next_turn(Millis courier_next, Millis session_next, Millis steady) const {
  Millis next = std::min({courier_next, session_next, steady + kSteerInterval});
  if (const auto due = receipts_.next_due()) next = std::min(next, std::max(*due, steady + Millis{10}));
  return next;
}

void Relay::handle(const MqttEvent& event) {
  std::visit(Overload{[&](const Connected& connected) {
                        log::info("connected", {{"broker", config_.broker.url},
                                                {"client_id", shown_client_id(config_.broker.client_id)},
                                                {"session_present", connected.session_present},
                                                {"filter", shown_filter_}});
                      },
                      [&](const Disconnected& disconnected) {
                        log::limited(log::Level::Warning, "no connection to the broker",
                                     {{"broker", config_.broker.url}, {"why", disconnected.why}});
                        receipts_.forget();
                        membership_.disconnected();
                      },
                      [&](const TakenOver&) {
                        log::error("another process connected with our client id; give each forwarder its own",
                                   {{"client_id", shown_client_id(config_.broker.client_id)}});
                      },
                      [&](const Denied& denied) {
                        log::limited(log::Level::Error, "the broker refused; check user name, password file and ACL",
                                     {{"what", shown(denied.what)}, {"why", denied.why}});
                      },
                      [&](const Unsubscribed&) { membership_.unsubscribed(); }},
             event);
}

/// What a log may show of `text`.
std::string Relay::shown(std::string text) const {
  if (const auto at = text.find(filter_); at != std::string::npos) text.replace(at, filter_.size(), shown_filter_);
  if (const auto at = text.find(marker_); at != std::string::npos) text.replace(at, marker_.size(), "its own marker");
  return text;
}

void Relay::steer_membership(Now now) {
  look_at_disk(now);
  const Membership::View view{.connected = session_.connected(),
                              .stopping = stopping_,
                              .used_fraction = queue_.used_fraction(),
                              .free_inbox_bytes = free_inbox_bytes(),
                              .free_disk_bytes = disk_.free_bytes,
                              .marker_back = marker_seen_};
  const bool was_left = membership_.left();
  act(membership_.next(view, now.steady));
  if (!was_left && membership_.left()) log::info("left the shared subscription", {{"filter", shown_filter_}});
  if (!connecting_ && !stopping_) {
    log::limited(
        log::Level::Error, "not connecting to the broker: draining first, the inbox or the disk is full",
        {{"used_percent", static_cast<int>(view.used_fraction * 100)}, {"free_disk_mib", view.free_disk_bytes >> 20}});
  }
}

std::uint64_t Relay::free_inbox_bytes() const {
  return static_cast<std::uint64_t>(std::max(1 - queue_.used_fraction(), 0.0) * static_cast<double>(config_.inbox_max));
}

/// Once a second.
void Relay::look_at_disk(Now now) {
  if (disk_at_ && now.steady - *disk_at_ < kSteerInterval) return;
  disk_at_ = now.steady;
  disk_ = disk_state(config_.inbox_path);
  queue_stats_ = queue_.stats(now.wall);
}

void Relay::act(Membership::Action action) {
  switch (action) {
    case Membership::Action::None:
      return;
    case Membership::Action::Connect:
      connecting_ = true;
      return;
    case Membership::Action::Subscribe:
      log::info("room again, joining the shared subscription", {{"filter", shown_filter_}});
      return session_.subscribe(filter_);
    case Membership::Action::Unsubscribe:
      log::event(stopping_ ? log::Level::Info : log::Level::Error,
                 stopping_ ? "leaving the shared subscription" : "inbox or disk full, leaving the shared subscription",
                 {{"used_percent", static_cast<int>(queue_.used_fraction() * 100)}});
      return session_.unsubscribe(filter_);
    case Membership::Action::SendMarker:
      marker_seen_ = false;
      session_.publish(
          {.topic = marker_, .payload = "marker", .retained = false, .content_type = {}, .content_encoding = {}});
      return;
  }
}

void Relay::take_settled(const std::vector<Settled>& settled, Now now) {
  for (const Settled& reading : settled) {
    if (!reading.id || !queue_.settled(reading.origin, *reading.id)) continue;
    session_.connected() ? receipts_.add(reading, now.steady) : receipts_.drop();
  }
}

void Relay::publish_receipts(Now now, bool everything) {
  if (!session_.connected()) return receipts_.forget();
  const std::size_t room = std::min(session_.room(), kReceiptMessagesPerTurn);
  if (room == 0) return;
  const auto fits = [this](const MqttMessage& message) { return session_.fits(message); };
  for (const MqttMessage& message : receipts_.due(now.steady, room, everything, fits)) session_.publish(message);
}

/// All of them, as fast as the broker acknowledges: a gateway without its receipt sends everything again.
void Relay::publish_last_receipts() {
  const Millis end = clock_.now().steady + kLastReceiptsTimeout;
  for (Now now = clock_.now(); now.steady < end; now = clock_.now()) {
    publish_receipts(now, true);
    if (!receipts_.next_due()) return;
    static_cast<void>(session_.tick(now));
    static_cast<void>(sink_.poll(kLastReceiptsPause));
  }
}

void Relay::publish_dead_letters() {
  for (const DeadLetter& letter : intake_.dead_letters()) {
    session_.publish({.topic = letter.topic,
                      .payload = letter.payload,
                      .retained = false,
                      .content_type = std::string{kContentTypeJson},
                      .content_encoding = {}});
  }
}

/// Out of the subscription as far as the broker lets us, and the inbox delivered as far as time allows.
bool Relay::finished(Now now) {
  if (!stopped_at_) {
    stopped_at_ = now.steady;
    log::info("stopping", {{"drain_timeout", config_.drain_timeout}});
  }
  const Millis since = now.steady - *stopped_at_;
  if (session_.connected() && !membership_.left() && since < std::max(config_.drain_timeout, kLeavePatience))
    return false;
  const QueueStats queue = queue_.stats(now.wall);
  if (queue.waiting == 0) return true;
  if (since < config_.drain_timeout) return false;
  if (since >= std::max(config_.drain_timeout, config_.drain_plain_timeout)) return true;
  if (!plain_checked_at_ || now.steady - *plain_checked_at_ >= kPlainCheckInterval) {
    plain_checked_at_ = now.steady;
    plain_left_ = queue_.holds_plain_rows();
    if (plain_left_) {
      log::limited(log::Level::Warning, "waiting for central: readings without an id are here that nobody sends again",
                   {{"waiting", queue.waiting}});
    }
  }
  return !plain_left_;
}

void Relay::take_snapshot() {
  const Snapshot snapshot{.courier = courier_.stats(),
                          .connected = session_.connected(),
                          .member = membership_.member() && session_.connected(),
                          .stopping = stopping_,
                          .used_fraction = queue_.used_fraction(),
                          .queue = queue_stats_,
                          .disk = disk_,
                          .receipts_sent = receipts_.sent(),
                          .receipts_dropped = receipts_.dropped()};
  const std::lock_guard lock{snapshot_mutex_};
  snapshot_ = snapshot;
}

Relay::Snapshot Relay::snapshot() const {
  const std::lock_guard lock{snapshot_mutex_};
  return snapshot_;
}

}  // namespace solar
