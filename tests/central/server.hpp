// The HTTP side of the reference central server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/central/faults.hpp"
#include "tests/central/store.hpp"
#include "tests/central/tls_files.hpp"

namespace solar::central {

inline constexpr std::size_t kBodyMaxBytes = 16 * 1024;
inline constexpr std::size_t kKeyMaxBytes = 512;

struct ServerOptions {
  std::string host{"127.0.0.1"};
  std::uint16_t port{8000};
  std::string token;  ///< empty: no Authorization is asked for
  TlsFiles tls;
  std::string client;   ///< the only common name that may come; empty: whoever the client CA knows
  bool test_control{};  ///< serves POST /test/fault
};

/// Owner: main. `store` must outlive it.
class Server {
 public:
  Server(ServerOptions options, Store& store);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until `stop`; false if the address cannot be had.
  [[nodiscard]] bool serve();
  /// Takes no more connections, and waits a little for the answers that are being given. Any thread.
  void stop();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace solar::central
