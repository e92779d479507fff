#include "shared/receipt.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "shared/json_fields.hpp"
#include "shared/utf8.hpp"

namespace solar {
namespace {

constexpr std::size_t kReceiptMaxBytes = std::size_t{256} * 1024;
constexpr std::size_t kReceiptMaxLevels = 8;
constexpr std::string_view kRangeMark = "..";

/// Rows of one outbox that follow each other, both ends included.
struct Range {
  RowId first;
  std::int64_t last{};
};

std::vector<Range> join(std::vector<RowId> rows) {
  std::sort(rows.begin(), rows.end());
  std::vector<Range> ranges;
  for (const RowId& row : rows) {
    if (!ranges.empty() && ranges.back().first.token == row.token) {
      Range& range = ranges.back();
      if (row.seq == range.last) continue;
      const bool has_room = row.seq - range.first.seq < static_cast<std::int64_t>(kReceiptRangeMax);
      // seq is 1 or more, so one less is safe where one more than the last might not be.
      if (row.seq - 1 == range.last && has_room) {
        range.last = row.seq;
        continue;
      }
    }
    ranges.push_back({.first = row, .last = row.seq});
  }
  return ranges;
}

std::string to_text(const Range& range) {
  std::string text = to_string(range.first);
  if (range.last > range.first.seq) text.append(kRangeMark).append(std::to_string(range.last));
  return text;
}

void append_element(std::string& out, std::string_view element) {
  if (out.back() != '[') out += ',';
  out += element;
}

/// The range in `text`, which may be a single row; nullopt: none, too wide, or backwards.
std::optional<Range> parse_range(std::string_view text) {
  const std::size_t mark = text.find(kRangeMark);
  const auto first = parse_row_id(text.substr(0, mark));
  if (!first) return std::nullopt;
  if (mark == std::string_view::npos) return Range{.first = *first, .last = first->seq};
  const std::size_t token_end = text.find('-') + 1;
  const auto last = parse_row_id(std::string{text.substr(0, token_end)}.append(text.substr(mark + kRangeMark.size())));
  if (!last || last->seq < first->seq) return std::nullopt;
  // Both are positive: the difference does not overflow.
  if (last->seq - first->seq >= static_cast<std::int64_t>(kReceiptRangeMax)) return std::nullopt;
  return Range{.first = *first, .last = last->seq};
}

/// Gathers rows up to kReceiptIdsMax and counts what it leaves out.
class RowGatherer {
 public:
  void take_delivered(std::string_view element) {
    // An escape in a string makes it something else than an id of ours: those need none.
    const bool is_string = element.size() >= 2 && element.front() == '"' && element.back() == '"';
    const auto range = is_string ? parse_range(element.substr(1, element.size() - 2)) : std::nullopt;
    const auto width = range ? static_cast<std::size_t>(range->last - range->first.seq) + 1 : 0;
    if (!range || width > room()) {
      ++rows_.ignored;
      return;
    }
    for (std::size_t i = 0; i < width; ++i) {
      rows_.delivered.push_back({.token = range->first.token, .seq = range->first.seq + static_cast<std::int64_t>(i)});
    }
  }

  void take_refused(std::string_view element) {
    auto row = parse_refused(element);
    if (!row || room() == 0) {
      ++rows_.ignored;
      return;
    }
    rows_.refused.push_back(*std::move(row));
  }

  ReceiptRows take() { return std::move(rows_); }

 private:
  [[nodiscard]] std::size_t room() const { return kReceiptIdsMax - rows_.delivered.size() - rows_.refused.size(); }

  static std::optional<RefusedRow> parse_refused(std::string_view element) {
    const Result<std::vector<JsonField>> scanned = scan_fields(element, kReceiptMaxLevels);
    const auto* fields = std::get_if<std::vector<JsonField>>(&scanned);
    if (fields == nullptr) return std::nullopt;
    std::optional<RowId> row;
    std::string reason;
    for (const JsonField& field : *fields) {
      if (field.name == "id") row = parse_row_id(field.text);
      if (field.name == "reason") reason = utf8_prefix(field.text, kReasonMaxBytes);
    }
    if (!row) return std::nullopt;
    return RefusedRow{.row = *row, .reason = std::move(reason)};
  }

  ReceiptRows rows_;
};

Problem unreadable(std::string what, std::string_view payload) {
  return {std::move(what), shortened(payload), R"(a receipt is {"delivered":[..],"refused":[..]})"};
}

}  // namespace

std::string encode_receipt(const Receipt& receipt) {
  std::vector<RowId> rows;
  std::vector<std::string_view> others;
  for (const std::string& id : receipt.delivered) {
    if (const auto row = parse_row_id(id)) {
      rows.push_back(*row);
    } else {
      others.emplace_back(id);
    }
  }
  std::string out = R"({"delivered":[)";
  for (const Range& range : join(std::move(rows))) append_element(out, json_quoted(to_text(range)));
  for (const std::string_view id : others) append_element(out, json_quoted(id));
  out += R"(],"refused":[)";
  for (const RefusedId& refused : receipt.refused) {
    const std::string_view reason = utf8_prefix(refused.reason, kReasonMaxBytes);
    append_element(out, R"({"id":)" + json_quoted(refused.id) + R"(,"reason":)" + json_quoted(reason) + "}");
  }
  return out += "]}";
}

Result<ReceiptRows> decode_receipt(std::string_view payload) {
  if (payload.size() > kReceiptMaxBytes) {
    return unreadable(
        "receipt of " + std::to_string(payload.size()) + " bytes, more than " + std::to_string(kReceiptMaxBytes),
        payload);
  }
  const Result<std::vector<JsonField>> scanned = scan_fields(trimmed(payload), kReceiptMaxLevels);
  if (const auto* problem = std::get_if<Problem>(&scanned)) return unreadable(problem->what, payload);
  const auto& fields = std::get<std::vector<JsonField>>(scanned);
  const std::vector<JsonFieldBytes> bytes = field_bytes(payload);
  RowGatherer gatherer;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool is_delivered = fields[i].name == "delivered";
    if (!is_delivered && fields[i].name != "refused") continue;
    const auto elements = split_array(bytes[i].value, payload.size());
    if (!elements) return unreadable(fields[i].name + " is no list", payload);
    for (const std::string_view element : *elements) {
      is_delivered ? gatherer.take_delivered(element) : gatherer.take_refused(element);
    }
  }
  return gatherer.take();
}

}  // namespace solar
