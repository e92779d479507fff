#include "shared/mqtt_session_diagnosis.hpp"

namespace solar::mqtt_session {

TlsFiles tls_files(const MqttOptions& options) {
  return {.ca = options.ca_file, .certificate = options.certificate_file, .key = options.key_file};
}

void Diagnosis::start(Now now, Addresses addresses) {
  if (asked_ && now.steady - *asked_ < kAge) return;
  probe_.reset();
  forget();
  asked_ = now.steady;
  probe_ = std::make_unique<TlsProbe>(target_, std::move(addresses), now.wall, [this](std::string words) {
    {
      const std::lock_guard guard{mutex_};
      words_ = std::move(words);
    }
    wake_();
  });
}

std::optional<std::string> Diagnosis::words() const {
  const std::lock_guard guard{mutex_};
  return words_;
}

void Diagnosis::forget() {
  const std::lock_guard guard{mutex_};
  words_.reset();
  asked_.reset();
}

}  // namespace solar::mqtt_session
