// A TCP proxy on loopback that counts what passes, and fails on purpose.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace solar::test {

/// Listens at `port()` and forwards to 127.0.0.1:`target`. Runs on a thread of its own until its end; every method may
/// be called from any thread.
class TcpProxy {
 public:
  struct Traffic {
    std::uint64_t up_bytes{};    ///< from clients to the target, TCP payload
    std::uint64_t down_bytes{};  ///< from the target to clients
    std::uint64_t connections{};
    std::uint64_t answered{};  ///< of them, those on which the target said something

    [[nodiscard]] std::uint64_t bytes() const { return up_bytes + down_bytes; }
  };

  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Traffic traffic() const;

  void retarget(std::uint16_t target);         ///< where new connections go; cuts the old ones
  void cut();                                  ///< closes every connection; new ones are taken
  void refuse(bool on);                        ///< cuts, and closes every new connection at once
  void stall(bool on);                         ///< keeps connections open and moves no byte
  void delay(std::chrono::milliseconds each);  ///< how long every piece is held, each way

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace solar::test
