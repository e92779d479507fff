// null_relay: what a forwarder costs that keeps nothing. Paho's message callback, PUBACK after it, hands each reading
// to a bare libcurl multi handle on another thread. The measure for the real one; never for use.
#include <curl/curl.h>
#include <mqtt/async_client.h>

#include <CLI/CLI.hpp>
#include <array>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kRequests = 64;  ///< as many as a forwarder's window has at most
constexpr std::size_t kWaitingMax = 1'000;
constexpr int kReceiveMaximum = 100;

/// Readings between Paho's thread and libcurl's. A full one holds Paho back.
class Handover {
 public:
  explicit Handover(CURLM* multi) : multi_{multi} {}

  void push(std::string body) {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [this] { return waiting_.size() < kWaitingMax; });
    waiting_.push_back(std::move(body));
    if (waiting_.size() == 1) curl_multi_wakeup(multi_);
  }

  /// Moves up to `count` readings to the end of `bodies`.
  void take(std::size_t count, std::deque<std::string>& bodies) {
    const std::lock_guard lock{mutex_};
    for (; count > 0 && !waiting_.empty(); --count) {
      bodies.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    room_.notify_one();
  }

 private:
  CURLM* multi_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<std::string> waiting_;
};

std::size_t drop(const char*, std::size_t size, std::size_t count, void*) { return size * count; }

/// Posts whatever comes, 64 requests at a time; what fails is gone.
class Poster {
 public:
  Poster(CURLM* multi, std::string url, Handover& handover) : multi_{multi}, url_{std::move(url)}, handover_{handover} {
    for (const char* header : {"Content-Type: application/json", "Expect:"})
      headers_ = curl_slist_append(headers_, header);
    for (Request& request : requests_) {
      request.easy = prepared();
      idle_.push_back(&request);
    }
  }

  [[noreturn]] void run() {
    while (true) {
      start_what_waits();
      int running = 0;
      curl_multi_perform(multi_, &running);
      const bool completed = collect();
      if (!completed) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  struct Request {
    CURL* easy{};
    std::string body;
  };

  CURL* prepared() const {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &drop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15'000L);
    return easy;
  }

  void start_what_waits() {
    handover_.take(idle_.size() - std::min(idle_.size(), bodies_.size()), bodies_);
    while (!bodies_.empty() && !idle_.empty()) {
      Request& request = *idle_.back();
      idle_.pop_back();
      request.body = std::move(bodies_.front());
      bodies_.pop_front();
      curl_easy_setopt(request.easy, CURLOPT_PRIVATE, &request);
      curl_easy_setopt(request.easy, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(request.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
      curl_multi_add_handle(multi_, request.easy);
    }
  }

  bool collect() {
    bool completed = false;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Request* request = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
      curl_multi_remove_handle(multi_, message->easy_handle);
      idle_.push_back(request);
      completed = true;
    }
    return completed;
  }

  CURLM* multi_;
  std::string url_;
  Handover& handover_;
  curl_slist* headers_{};
  std::array<Request, kRequests> requests_;
  std::vector<Request*> idle_;
  std::deque<std::string> bodies_;
};

void subscribe(mqtt::async_client& client, const std::string& group) {
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  mqtt::properties properties;
  properties.add({mqtt::property::RECEIVE_MAXIMUM, kReceiveMaximum});
  options.set_properties(properties);
  client.connect(options)->wait();
  client.subscribe("$share/" + group + "/solar/+/+/readings", 1)->wait();
}

}  // namespace

int main(int argc, char** argv) {
  std::string broker_url{"tcp://127.0.0.1:1883"};
  std::string api_url{"http://127.0.0.1:8000/api/solar"};
  std::string group{"null-relay"};
  CLI::App app{"Relays readings from a broker to an HTTP endpoint and keeps none of them: the bench's measure."};
  app.add_option("--broker-url", broker_url, "tcp://host:port")->capture_default_str();
  app.add_option("--api-url", api_url, "where to POST")->capture_default_str();
  app.add_option("--group", group, "of the shared subscription")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM* multi = curl_multi_init();
    Handover handover{multi};
    mqtt::async_client client{broker_url, "null-relay", mqtt::create_options{MQTTVERSION_5}};
    client.set_message_callback([&](const mqtt::const_message_ptr& message) { handover.push(message->to_string()); });
    subscribe(client, group);
    std::cerr << "connected" << std::endl;
    Poster{multi, api_url, handover}.run();  // until a signal ends the process: there is nothing to lose
  } catch (const std::exception& error) {
    std::cerr << "null_relay: " << error.what() << std::endl;
    return 1;
  }
}
