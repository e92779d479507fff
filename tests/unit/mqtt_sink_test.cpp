// Receipts on their way from Paho's thread to the courier's.
#include "publisher/mqtt_sink.hpp"

#include "shared/message.hpp"
#include "tests/support/catch.hpp"

using namespace solar;

namespace {

struct Desk {
  MqttSession session{MqttOptions{}, [](const MqttMessage&) {}, [] {}};
  MqttSink sink{session};

  void take(std::string payload) {
    MqttMessage message;
    message.payload = std::move(payload);
    sink.take_receipt(message);
  }
};

std::string receipt(const std::string& ids) {
  return R"({"delivered":["00000000000a11ce-)" + ids + R"("],"refused":[]})";
}

}  // namespace

TEST_CASE("receipts that wait are bounded in bytes, and there is room again once they are taken") {
  Desk desk;
  const std::size_t fit = MqttSink::kReceiptsWaitingBytes / kMessageMaxBytes;
  for (std::size_t i = 0; i <= fit; ++i) {
    std::string large = receipt(std::to_string(i + 1));
    large.resize(kMessageMaxBytes, ' ');
    desk.take(std::move(large));
  }

  CHECK(desk.sink.poll(Millis{0}).size() == fit);
  desk.take(receipt("99"));
  CHECK(desk.sink.poll(Millis{0}).size() == 1);
}

TEST_CASE("receipts of many ids are taken in several polls, and none is lost") {
  Desk desk;
  for (int i = 0; i < 20; ++i) desk.take(receipt("1..1000"));
  std::size_t taken = 0;

  for (std::size_t polls = 0; polls < 20; ++polls) {
    const std::size_t now = desk.sink.poll(Millis{0}).size();
    CHECK(now <= MqttSink::kCompletionsPerPoll);
    taken += now;
  }

  CHECK(taken == 20'000);
}
