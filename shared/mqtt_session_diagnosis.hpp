// Why a TLS connection to the broker does not come about: Paho does not tell.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "shared/mqtt_session.hpp"
#include "shared/tls_probe.hpp"

namespace solar::mqtt_session {

[[nodiscard]] TlsFiles tls_files(const MqttOptions& options);

/// Owner: the session, for its life. Threads: the courier's; `wake` is called on another one.
class Diagnosis {
 public:
  /// What was found out counts for so long: a broker that refuses a fleet is not asked twice at each try.
  static constexpr Millis kAge{10'000};

  Diagnosis(TlsTarget target, std::function<void()> wake) : target_{std::move(target)}, wake_{std::move(wake)} {}

  /// Begins to find out, unless it is known. `addresses`: of the target.
  void start(Now now, Addresses addresses);
  /// The words, as soon as there are any.
  [[nodiscard]] std::optional<std::string> words() const;
  /// A connection stands: what was found does not count any more.
  void forget();

 private:
  TlsTarget target_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;  ///< never held while calling anybody
  std::optional<std::string> words_;
  std::optional<Millis> asked_;
  std::unique_ptr<TlsProbe> probe_;  ///< last: it calls into the others
};

}  // namespace solar::mqtt_session
