// Faults on purpose, for tests: off unless the program was started with --test-control.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace solar::central {

/// How the next POSTs are answered.
struct Fault {
  int status{};                       ///< 0: as usual, after the delay
  int count{};                        ///< how many; -1: until another fault is set; 0: none
  std::chrono::milliseconds delay{};  ///< before the answer
  std::string retry_after;            ///< header, as it is; empty: none
  bool store_before{};                ///< stores the reading all the same
  std::string village;                ///< only its readings; empty: all
};

/// The fault that is set now. Threads: any.
class Faults {
 public:
  /// From {"status":503,"count":-1,"delay_ms":0,"retry_after":"5","store_before":false,"village":"Buea"}, all optional;
  /// false if it is not of that form.
  [[nodiscard]] bool set(std::string_view json);
  /// The fault for a reading of `village`, counted down.
  [[nodiscard]] std::optional<Fault> next(std::string_view village);

 private:
  std::mutex mutex_;
  Fault fault_;
};

}  // namespace solar::central
