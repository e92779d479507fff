#include "shared/mqtt_session_link.hpp"

#include <mqtt/async_client.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "shared/mqtt_session_options.hpp"
#include "shared/mqtt_session_reasons.hpp"

namespace solar::mqtt_session {
namespace {

int reason_of(const mqtt::token& token) { return static_cast<int>(token.get_reason_code()); }

/// The reason of something that failed: never one that reads as success.
int failure_of(const mqtt::token& token) {
  if (reason_of(token) >= kFirstFailure) return reason_of(token);
  return token.get_return_code() >= kFirstFailure ? token.get_return_code() : kFirstFailure;
}

std::string first_topic(const mqtt::token& token) {
  const auto topics = token.get_topics();
  return topics && !topics->empty() ? (*topics)[0] : std::string{};
}

/// Paho's own words for a failure of the connection; it has none for a name that does not resolve.
std::string words_of(const mqtt::token& token) {
  try {
    static_cast<void>(token.get_connect_response());
  } catch (const mqtt::exception& e) {
    return e.get_message();
  }
  return {};
}

template <class OnSuccess, class OnFailure>
class Listener final : public mqtt::iaction_listener {
 public:
  Listener(OnSuccess success, OnFailure failure) : success_{std::move(success)}, failure_{std::move(failure)} {}
  void on_success(const mqtt::token& token) override { success_(token); }
  void on_failure(const mqtt::token& token) override { failure_(token); }

 private:
  OnSuccess success_;
  OnFailure failure_;
};

template <class OnSuccess, class OnFailure>
std::unique_ptr<mqtt::iaction_listener> listener(OnSuccess success, OnFailure failure) {
  return std::make_unique<Listener<OnSuccess, OnFailure>>(std::move(success), std::move(failure));
}

/// A function of its own: that Paho's thread is done with the token is a matter of its count, which the thread
/// sanitizer cannot see in Paho; tests/tsan-suppressions.txt names this place.
[[gnu::noinline]] void let_go_of_token(mqtt::token_ptr&& token) { token.reset(); }

}  // namespace

class Link::Ears {
 public:
  explicit Ears(Handlers handlers);
  Ears(const Ears&) = delete;
  Ears& operator=(const Ears&) = delete;

  void hear(const mqtt::message& message) {
    from_paho(message, message_);
    handlers_.on_message(message_);
  }
  void note(Note what) {
    mailbox_.push(std::move(what));
    handlers_.wake();
  }
  void lost(int reason) {
    end();
    note(Loss{reason});
  }
  void end() {
    ended_ = true;
    stir();
  }
  void published() {
    const auto before = in_flight_.remove();
    if (before >= limit_.load(std::memory_order_relaxed)) handlers_.wake();
    if (before == 1) stir();
  }
  void wait_until_settled(Millis timeout) {
    wait(timeout, [this] { return in_flight_.count() == 0 || ended_; });
  }
  void wait_until_ended(Millis timeout) {
    wait(timeout, [this] { return ended_.load(); });
  }

  Mailbox mailbox_;
  InFlight in_flight_;
  std::atomic<std::size_t> limit_{kWindowMax};
  std::unique_ptr<mqtt::iaction_listener> on_connect_;
  std::unique_ptr<mqtt::iaction_listener> on_subscribe_;
  std::unique_ptr<mqtt::iaction_listener> on_unsubscribe_;
  std::unique_ptr<mqtt::iaction_listener> on_publish_;
  std::unique_ptr<mqtt::iaction_listener> on_disconnect_;

 private:
  void refused_publish(const mqtt::token& token);
  void stir() {
    const std::lock_guard guard{mutex_};  // or a waiter between its look and its sleep would miss it
    stirred_.notify_all();
  }
  template <class Condition>
  void wait(Millis timeout, Condition condition) {
    std::unique_lock lock{mutex_};
    stirred_.wait_for(lock, timeout, condition);
  }

  Handlers handlers_;
  MqttMessage message_;  ///< only Paho's one receive thread uses it
  std::mutex mutex_;     ///< protects nothing: it orders `stir` and `wait`
  std::condition_variable stirred_;
  std::atomic<bool> ended_{};  ///< the connection
};

Link::Ears::Ears(Handlers handlers) : handlers_{std::move(handlers)} {
  using mqtt::token;
  on_connect_ = listener(
      [this](const token& t) {
        const auto response = t.get_connect_response();
        note(greeted(response.is_session_present(), response.get_properties()));
      },
      [this](const token& t) {
        const auto reason = failure_of(t);
        note(Refusal{reason == kFirstFailure ? 0 : reason, words_of(t)});
      });
  on_subscribe_ = listener(
      [this](const token& t) {
        note(SubscribeAnswer{first_topic(t), reason_of(t)});
      },
      [this](const token& t) {
        note(SubscribeAnswer{first_topic(t), failure_of(t)});
      });
  on_unsubscribe_ = listener(
      [this](const token& t) {
        note(UnsubscribeAnswer{first_topic(t), reason_of(t)});
      },
      [this](const token& t) {
        note(UnsubscribeAnswer{first_topic(t), failure_of(t)});
      });
  on_publish_ = listener(
      [this](const token& t) {
        if (reason_of(t) >= kFirstFailure) refused_publish(t);
        published();
      },
      [this](const token& t) {
        if (reason_of(t) >= kFirstFailure) refused_publish(t);
        published();
      });
  on_disconnect_ = listener([this](const token&) { end(); }, [this](const token&) { end(); });
}

void Link::Ears::refused_publish(const mqtt::token& token) {
  // One at a time: a broker that refuses everything must not fill the mailbox.
  if (mailbox_.empty()) note(PublishRefusal{first_topic(token), reason_of(token)});
}

Link::Link(const std::string& uri, const std::string& client_id, Handlers handlers)
    : ears_{std::make_unique<Ears>(std::move(handlers))},
      client_{std::make_unique<mqtt::async_client>(uri, client_id, mqtt::create_options{MQTTVERSION_5})} {
  auto& ears = *ears_;
  client_->set_message_callback([&ears](const mqtt::const_message_ptr& message) { ears.hear(*message); });
  client_->set_connection_lost_handler([&ears](const std::string&) { ears.lost(0); });
  client_->set_disconnected_handler(
      [&ears](const mqtt::properties&, mqtt::ReasonCode reason) { ears.lost(static_cast<int>(reason)); });
}

Link::~Link() = default;

void Link::connect(const MqttOptions& options, const std::string& password, bool tls) {
  const auto connect = connect_options(options, password, tls);
  let_go_of_token(client_->connect(connect, nullptr, *ears_->on_connect_));
}

void Link::subscribe(const std::string& filter) {
  let_go_of_token(client_->subscribe(filter, 1, nullptr, *ears_->on_subscribe_));
}

void Link::unsubscribe(const std::string& filter) {
  let_go_of_token(client_->unsubscribe(filter, nullptr, *ears_->on_unsubscribe_));
}

Mailbox& Link::mailbox() { return ears_->mailbox_; }

std::size_t Link::room() const {
  const auto limit = ears_->limit_.load(std::memory_order_relaxed);
  return limit - std::min(limit, ears_->in_flight_.count());
}

void Link::set_receive_maximum(std::size_t broker_maximum) {
  ears_->limit_.store(std::min(broker_maximum, kWindowMax), std::memory_order_relaxed);
}

bool Link::publish(const MqttMessage& message) {
  ears_->in_flight_.add();
  try {
    let_go_of_token(client_->publish(to_paho(message), nullptr, *ears_->on_publish_));
    return true;
  } catch (const mqtt::exception&) {
    ears_->in_flight_.remove();
    return false;
  }
}

void Link::close(Millis timeout, const std::optional<MqttMessage>& last) {
  if (last) static_cast<void>(publish(*last));
  ears_->wait_until_settled(timeout);
  try {
    let_go_of_token(client_->disconnect(static_cast<int>(timeout.count()), nullptr, *ears_->on_disconnect_));
    ears_->wait_until_ended(timeout);
  } catch (const mqtt::exception&) {
    // It has ended already.
  }
}

}  // namespace solar::mqtt_session
