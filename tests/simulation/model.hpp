// Models of the world that are broken on purpose: whoever cannot see these sees nothing.
#pragma once

#include <array>
#include <cstdint>

namespace solar::test {

enum class Model : std::uint8_t {
  Right,
  DeletesOnPuback,        ///< a gateway's reading leaves its disk when the broker has it
  ForgetsOnCrash,         ///< a database is gone after a crash, and nobody says so
  NewIdAtResend,          ///< a reading that is sent again has another id
  ReceiptsBeforeCentral,  ///< a forwarder says delivered when the inbox has it
  AcksBeforeCommit,       ///< the PUBACK leaves before the inbox has the reading
  IdsStartAgain,          ///< an emptied outbox gives its ids once more: neither token nor sequence is new
};

inline constexpr std::array kBrokenModels{Model::DeletesOnPuback,       Model::ForgetsOnCrash,   Model::NewIdAtResend,
                                          Model::ReceiptsBeforeCentral, Model::AcksBeforeCommit, Model::IdsStartAgain};

[[nodiscard]] constexpr const char* to_string(Model model) {
  switch (model) {
    case Model::Right:
      return "right";
    case Model::DeletesOnPuback:
      return "deletes-on-puback";
    case Model::ForgetsOnCrash:
      return "forgets-on-crash";
    case Model::NewIdAtResend:
      return "new-id-at-resend";
    case Model::ReceiptsBeforeCentral:
      return "receipts-before-central";
    case Model::AcksBeforeCommit:
      return "acks-before-commit";
    case Model::IdsStartAgain:
      return "ids-start-again";
  }
  return "unknown";
}

}  // namespace solar::test
