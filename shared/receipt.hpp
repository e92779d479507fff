// A receipt: central's answer on its way back to the gateway.
//
//   {"delivered":["<token>-1..200","<token>-203","any-device-id"],"refused":[{"id":"...","reason":"..."}]}
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shared/problem.hpp"
#include "shared/row_id.hpp"

namespace solar {

inline constexpr std::size_t kReceiptRangeMax = 1000;  ///< ids in one range; a wider one is ignored
inline constexpr std::size_t kReceiptIdsMax = 10'000;  ///< ids taken from one receipt; the rest is ignored
inline constexpr std::size_t kReasonMaxBytes = 200;    ///< of a refusal, cut at a UTF-8 boundary when encoded

struct RefusedId {
  std::string id;
  std::string reason;

  bool operator==(const RefusedId&) const = default;
};

/// What a forwarder says. Ids are any sender's, in any order.
struct Receipt {
  std::vector<std::string> delivered;
  std::vector<RefusedId> refused;

  bool operator==(const Receipt&) const = default;
};

/// The payload: ids of the form `<token>-<seq>` sorted and joined to ranges, other ids as they are.
[[nodiscard]] std::string encode_receipt(const Receipt& receipt);

struct RefusedRow {
  RowId row;
  std::string reason;

  bool operator==(const RefusedRow&) const = default;
};

/// What a publisher understands: rows of outboxes. Everything else is counted.
struct ReceiptRows {
  std::vector<RowId> delivered;
  std::vector<RefusedRow> refused;
  std::size_t
      ignored{};  ///< entries that are no row ids, ranges wider than kReceiptRangeMax or backwards, over kReceiptIdsMax

  bool operator==(const ReceiptRows&) const = default;
};

/// Never throws; work and memory are bounded by kReceiptIdsMax and the payload's size (at most 256 KiB, else a
/// Problem).
[[nodiscard]] Result<ReceiptRows> decode_receipt(std::string_view payload);

}  // namespace solar
