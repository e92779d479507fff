#include "shared/mqtt_session_connection.hpp"

#include <mqtt/async_client.h>

#include <algorithm>
#include <utility>

#include "shared/mqtt_session_options.hpp"
#include "shared/mqtt_session_password.hpp"
#include "shared/mqtt_session_reasons.hpp"
#include "shared/mqtt_session_url.hpp"

namespace solar {
namespace {

using namespace mqtt_session;

constexpr std::size_t kEventsMax = 1024;
/// How much longer than connect_timeout a CONNACK may take: Paho reports its own timeout first.
constexpr Millis kAnswerGrace{5'000};
constexpr Millis kNothingToDo{3'600'000};
constexpr Millis kFarewell{1'000};
constexpr Millis kDiagnosisMax = TlsProbe::kPatience + TlsProbe::kComplaint + Millis{1'000};

TlsTarget target(const std::string& uri, const MqttOptions& options) {
  auto [host, port] = host_and_port(uri);
  return {.host = std::move(host), .port = std::move(port), .files = tls_files(options)};
}

}  // namespace

MqttSession::Connection::Connection(MqttOptions options, OnMessage on_message, Wake wake)
    : options_{std::move(options)},
      uri_{checked_paho_uri(options_.url)},
      handlers_{std::move(on_message), std::move(wake)},
      diagnosis_{target(uri_, options_), handlers_.wake},
      backoff_{{options_.reconnect_min, options_.reconnect_max, options_.reconnect_spread}} {}

bool MqttSession::Connection::fits(const MqttMessage& message) const {
  return packet_bytes(message) <= greeting_.maximum_packet_bytes;
}

Millis MqttSession::Connection::tick(Now now) {
  now_ = now;
  read_notes();
  if (state_ == State::Resolving) look_at_name();
  if (state_ == State::Diagnosing) look_at_diagnosis();
  if (wait_) next_try_ = now.steady + *std::exchange(wait_, std::nullopt);
  if (state_ == State::Waiting && now.steady >= next_try_) start_try(now);
  if (wait_) next_try_ = now.steady + *std::exchange(wait_, std::nullopt);

  switch (state_) {
    case State::Waiting:
      return next_try_;
    case State::Connecting:
    case State::Subscribing:
      if (!deadline_) deadline_ = now.steady + options_.connect_timeout;
      if (now.steady < *deadline_) return *deadline_;
      end_with(Disconnected{"no answer from the broker at " + options_.url});
      next_try_ = now.steady + *std::exchange(wait_, std::nullopt);
      return next_try_;
    case State::Resolving:
    case State::Diagnosing:
      return *deadline_;
    case State::Up:
      if (!up_since_) up_since_ = now.steady;
      return now.steady + kNothingToDo;
    case State::Ended:
      break;
  }
  return now.steady + kNothingToDo;
}

/// Files may not be there yet, or half replaced: each try looks again.
std::optional<MqttEvent> MqttSession::Connection::files_problem() const {
  const auto password = read_password(options_.password_file);
  if (const auto* const problem = std::get_if<Problem>(&password)) return Denied{"login", problem->what};
  if (!is_tls(uri_)) return std::nullopt;
  const auto problem = tls_files_problem(tls_files(options_));
  if (!problem) return std::nullopt;
  return Disconnected{"no connection to " + options_.url + ": " + *problem};
}

/// Paho resolves the name again, and holds up all who call it in that time: so only what resolves is given to it.
void MqttSession::Connection::start_try(Now now) {
  if (auto problem = files_problem()) return end_with(std::move(*problem));
  auto [host, port] = host_and_port(uri_);
  // The last try's may still be under way: there is one at most.
  if (!lookup_) lookup_.emplace(std::move(host), std::move(port), handlers_.wake);
  state_ = State::Resolving;
  deadline_ = now.steady + options_.connect_timeout;
  look_at_name();
}

void MqttSession::Connection::look_at_name() {
  const auto result = lookup_->result();
  if (!result && now_.steady < *deadline_) return;
  const std::string host = host_and_port(uri_).host;
  if (!result) {
    return end_with(Disconnected{"no connection to " + options_.url + ": the name servers do not answer for " + host});
  }
  if (*result == 0) addresses_ = lookup_->addresses();
  lookup_.reset();
  if (*result == 0) return connect();
  end_with(Disconnected{"no connection to " + options_.url + ": the host name " + host +
                        " does not resolve: " + ::gai_strerror(*result)});
}

void MqttSession::Connection::connect() {
  auto password = read_password(options_.password_file);
  if (const auto* const problem = std::get_if<Problem>(&password)) return end_with(Denied{"login", problem->what});
  state_ = State::Connecting;
  deadline_ = now_.steady + options_.connect_timeout + kAnswerGrace;
  try {
    link_ = std::make_unique<Link>(uri_, options_.client_id, handlers_);
    link_->connect(options_, std::get<std::string>(password), is_tls(uri_));
  } catch (const mqtt::exception& e) {
    end_with(Disconnected{"no connection to " + options_.url + ": " + e.what()});
  }
}

/// The try failed, and nobody told why: the event comes once that is found out. `without`: what to say if it is not.
void MqttSession::Connection::diagnose(std::string without) {
  link_.reset();
  state_ = State::Diagnosing;
  undiagnosed_ = std::move(without);
  diagnosis_.start(now_, addresses_);
  deadline_ = now_.steady + kDiagnosisMax;
  look_at_diagnosis();
}

void MqttSession::Connection::look_at_diagnosis() {
  auto words = diagnosis_.words();
  if (!words && now_.steady < *deadline_) return;
  end_with(Disconnected{"no connection to " + options_.url + ": " + words.value_or(undiagnosed_)});
}

void MqttSession::Connection::read_notes() {
  if (!link_) return;
  if (link_->mailbox().overflowed()) return end_with(Disconnected{"more news from the broker than can be followed"});
  for (const auto& note : link_->mailbox().take()) {
    std::visit([this](const auto& n) { on(n); }, note);
    if (!link_) return;
  }
}

void MqttSession::Connection::on(const Greeted& note) {
  if (state_ != State::Connecting) return;
  if (note.keepalive && *note.keepalive < options_.keepalive) return connect_again_with(*note.keepalive);
  state_ = State::Subscribing;
  deadline_.reset();
  diagnosis_.forget();
  greeting_ = note;
  link_->set_receive_maximum(note.receive_maximum);
  to_grant_ = {options_.filters.begin(), options_.filters.end()};
  for (const auto& filter : std::set{leaving_}) ask(&Link::unsubscribe, filter);
  for (const auto& filter : std::set{to_grant_}) ask(&Link::subscribe, filter);
  up_if_granted();
}

/// Paho 1.3.12 pings as often as the CONNECT said, whatever the CONNACK says, and would be cut off.
void MqttSession::Connection::connect_again_with(Millis keepalive) {
  options_.keepalive = keepalive;
  link_->close(kFarewell, std::nullopt);
  link_.reset();
  state_ = State::Waiting;
  wait_ = Millis{0};
}

void MqttSession::Connection::on(const Refusal& note) {
  if (refuses_login(note.reason)) return end_with(Denied{"login", reason_text(note.reason)});
  auto why = note.reason == 0 ? connect_failure_text(note.text, is_tls(uri_)) : reason_text(note.reason);
  // Without words it was the host's name, all the same.
  if (note.reason == 0 && !note.text.empty() && is_tls(uri_)) return diagnose(std::move(why));
  end_with(Disconnected{"no connection to " + options_.url + ": " + why});
}

void MqttSession::Connection::on(const Loss& note) {
  if (note.reason == kTakenOver) tell(TakenOver{});
  const auto why = note.reason == 0 ? std::string{"the connection broke"} : reason_text(note.reason);
  if (state_ == State::Connecting && note.reason == 0 && is_tls(uri_)) return diagnose(why);
  end_with(Disconnected{"connection to " + options_.url + " lost: " + why});
}

void MqttSession::Connection::on(const SubscribeAnswer& note) {
  const auto wanted =
      std::find(options_.filters.begin(), options_.filters.end(), note.filter) != options_.filters.end();
  if (!wanted) return;
  if (note.reason == 1) {
    to_grant_.erase(note.filter);
    return up_if_granted();
  }
  end_with(Denied{"subscription to " + note.filter,
                  note.reason == 0 ? "the broker granted QoS 0 only, which loses messages" : reason_text(note.reason)});
}

void MqttSession::Connection::on(const UnsubscribeAnswer& note) {
  if (note.reason >= kFirstFailure)
    return tell(Denied{"end of the subscription to " + note.filter, reason_text(note.reason)});
  if (leaving_.erase(note.filter) > 0) tell(Unsubscribed{note.filter});
}

void MqttSession::Connection::on(const PublishRefusal& note) {
  tell(Denied{"message to " + note.topic, reason_text(note.reason)});
}

/// Asks the broker; where Paho cannot even start that, the connection has gone and its loss is on its way.
void MqttSession::Connection::ask(void (Link::*what)(const std::string&), const std::string& filter) {
  if (!link_) return;
  try {
    ((*link_).*what)(filter);
  } catch (const mqtt::exception& e) {
    end_with(Disconnected{"connection to " + options_.url + " lost: " + e.what()});
  }
}

void MqttSession::Connection::up_if_granted() {
  if (state_ != State::Subscribing || !to_grant_.empty()) return;
  state_ = State::Up;
  up_since_.reset();
  tell(Connected{greeting_.session_present});
  if (options_.birth) static_cast<void>(link_->publish(*options_.birth));
}

/// The present try or connection is over because of `event`.
void MqttSession::Connection::end_with(MqttEvent event) {
  const auto was_up = state_ == State::Up;
  const auto lasted = up_since_ ? now_.steady - *up_since_ : Millis{0};
  wait_ = was_up ? backoff_.after_loss(lasted, chance()) : backoff_.after_failure(chance());
  link_.reset();
  to_grant_.clear();
  up_since_.reset();
  state_ = State::Waiting;

  const auto says_disconnected = std::holds_alternative<Disconnected>(event);
  tell(std::move(event));
  if (was_up && !says_disconnected) tell(Disconnected{"left, to try again"});
}

void MqttSession::Connection::tell(MqttEvent event) {
  if (events_.size() >= kEventsMax) events_.erase(events_.begin());
  events_.push_back(std::move(event));
}

std::vector<MqttEvent> MqttSession::Connection::take_events() {
  read_notes();
  return std::exchange(events_, {});
}

void MqttSession::Connection::subscribe(const std::string& filter) {
  auto& filters = options_.filters;
  if (std::find(filters.begin(), filters.end(), filter) == filters.end()) filters.push_back(filter);
  leaving_.erase(filter);
  if (!greeted()) return;
  if (state_ == State::Subscribing) to_grant_.insert(filter);
  ask(&Link::subscribe, filter);
}

void MqttSession::Connection::unsubscribe(const std::string& filter) {
  std::erase(options_.filters, filter);
  leaving_.insert(filter);
  if (!greeted()) return;
  ask(&Link::unsubscribe, filter);
  to_grant_.erase(filter);
  up_if_granted();
}

void MqttSession::Connection::change_client_id(std::string client_id) {
  options_.client_id = std::move(client_id);
  leaving_.clear();  // they belong to the old id's session
  if (state_ == State::Ended) return;
  if (link_) end_with(Disconnected{"the client id has changed"});
  wait_ = Millis{0};
}

void MqttSession::Connection::disconnect(Millis timeout, const std::optional<MqttMessage>& last) {
  if (greeted()) link_->close(timeout, last);
  link_.reset();
  state_ = State::Ended;
}

}  // namespace solar
