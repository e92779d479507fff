// In place of forwarder/http_sink.cpp: requests over the virtual network to the virtual central.
#include <charconv>
#include <utility>

#include "forwarder/http_sink.hpp"
#include "tests/simulation/forwarder_node.hpp"
#include "tests/simulation/seams.hpp"

namespace solar {

using test::World;

namespace {

/// http://n<number>/
std::size_t node_of(const std::string& url) {
  std::size_t number = 0;
  const std::size_t at = url.find("//n") + 3;
  std::from_chars(url.data() + at, url.data() + url.size(), number);
  return number;
}

}  // namespace

class HttpSink::Requests {
 public:
  Requests(HttpSinkOptions options, const Clock& clock)
      : options_{std::move(options)}, clock_{clock}, node_{node_of(options_.url)} {}

  [[nodiscard]] std::size_t room() const { return options_.max_open - open_; }
  void send(const Parcel& parcel);
  std::vector<Completion> take() { return std::exchange(completions_, {}); }
  [[nodiscard]] test::Node& node() const { return *World::current().nodes[node_]; }

 private:
  void complete(const RowId& row, Outcome outcome);

  HttpSinkOptions options_;
  const Clock& clock_;
  std::size_t node_;
  std::size_t open_{};
  std::vector<Completion> completions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< answers that come later find nobody
};

void HttpSink::Requests::send(const Parcel& parcel) {
  World& world = World::current();
  node().count_step();
  if (room() == 0) throw test::Violation{node().name() + " has more requests open than its sink takes"};
  dynamic_cast<test::ForwarderNode&>(node()).on_request(++open_);
  const auto settle = [this, alive = std::weak_ptr<bool>{alive_}, done = std::make_shared<bool>(false),
                       row = parcel.row](Outcome outcome) {
    if (alive.expired() || std::exchange(*done, true)) return;
    complete(row, std::move(outcome));
  };
  const std::string id = parcel.id ? *parcel.id : to_string(parcel.row);
  world.central.request(std::make_shared<const test::Request>(
      test::Request{.node = node_,
                    .key = idempotency_key(parcel.origin, id, parcel.crc),
                    .body = parcel.body,
                    .answered =
                        [settle, conflict = options_.api_conflict, &clock = clock_](const test::CentralAnswer& answer) {
                          const HttpAnswer http{answer.status, answer.retry_after, {}};
                          settle(to_outcome(http, conflict, clock.now().wall));
                        },
                    .failed = [settle](TransportFault fault) { settle(to_outcome(fault, "no answer")); }}));
  world.schedule.after(options_.request_timeout,
                       [settle] { settle(to_outcome(TransportFault::Timeout, "no answer in time")); });
}

void HttpSink::Requests::complete(const RowId& row, Outcome outcome) {
  --open_;
  completions_.push_back({row, std::move(outcome)});
  node().wake();
}

HttpSink::HttpSink(HttpSinkOptions options, const Clock& clock)
    : requests_{std::make_unique<Requests>(std::move(options), clock)} {}
HttpSink::~HttpSink() = default;

std::size_t HttpSink::room() const { return requests_->room(); }

void HttpSink::send(std::span<const Parcel> batch) { requests_->send(batch.front()); }

/// Only the very end of a process waits within a turn.
std::vector<Completion> HttpSink::poll(Millis wait) {
  requests_->node().clock.ahead += wait;
  return requests_->take();
}

void HttpSink::wake() { requests_->node().wake(); }

namespace test {

void http_seam_is_in() {}

}  // namespace test

}  // namespace solar
