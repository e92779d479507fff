#include "shared/aside_desk.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "shared/clock.hpp"

namespace solar {

using nlohmann::json;

namespace {

constexpr std::size_t kRowsAtOnce = 100;
constexpr std::size_t kBodyShown = 1024;

const char* kind_text(AsideKind kind) {
  switch (kind) {
    case AsideKind::Refused:
      return "refused";
    case AsideKind::Unreadable:
      return "unreadable";
    case AsideKind::Quarantined:
      return "quarantined";
  }
  return "unknown";
}

std::string dumped(const json& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace); }

json shown(const Aside& row) {
  json line{{"number", row.number},
            {"kind", kind_text(row.kind)},
            {"at", rfc3339(row.at)},
            {"reason", row.reason},
            {"body", row.body.substr(0, kBodyShown)}};
  if (row.kind == AsideKind::Unreadable) {
    line["topic"] = row.topic;
  } else {
    line["village"] = row.origin.village;
    line["device"] = row.origin.device;
    line["id"] = row.id;
  }
  return line;
}

/// Calls `visit` for every row of the kind, or for the one of that number.
void for_each(Queue& queue, AsideKind kind, std::int64_t number, const std::function<void(const Aside&)>& visit) {
  std::int64_t after = number == 0 ? 0 : number - 1;
  while (true) {
    const std::vector<Aside> rows = queue.aside(kind, after, number == 0 ? kRowsAtOnce : 1);
    for (const Aside& row : rows) {
      if (number == 0 || row.number == number) visit(row);
    }
    if (rows.empty() || number != 0) return;
    after = rows.back().number;
  }
}

}  // namespace

std::string aside_request(std::string_view action, std::int64_t number) {
  return dumped({{"command", "aside"}, {"action", action}, {"number", number}});
}

void AsideDesk::answer(Queue& queue, std::string_view action, std::int64_t number,
                       const ControlServer::WriteLine& write_line) const {
  std::uint64_t done = 0;
  std::uint64_t not_done = 0;
  for (const AsideKind kind : kinds) {
    for_each(queue, kind, number, [&](const Aside& row) {
      bool ok = true;
      if (action == "list") {
        ok = write_line(dumped(shown(row)));
      } else if (action == "drop") {
        ok = queue.drop_aside(kind, row.number);
      } else if (kind == AsideKind::Refused) {
        ok = queue.retry_refused(row.number);
      } else {
        ok = kind == AsideKind::Unreadable && replay && replay(row) && queue.drop_aside(kind, row.number);
      }
      ++(ok ? done : not_done);
    });
  }
  if (number != 0 && done + not_done == 0) ++not_done;
  write_line(dumped({{"action", action}, {"done", done}, {"not_done", not_done}}));
}

std::string aside_text(std::string_view line) {
  const json row = json::parse(line, nullptr, false);
  if (!row.is_object()) return {};
  if (row.contains("error")) return row.value("error", "");
  if (row.contains("done")) {
    const std::string action = row.value("action", "");
    const auto done = row.value("done", 0);
    const auto not_done = row.value("not_done", 0);
    if (action == "list") return done == 0 ? "nothing here" : "";
    return action + ": " + std::to_string(done) + " done" +
           (not_done > 0 ? ", " + std::to_string(not_done) + " not done (no such number, or it cannot be taken again)"
                         : "");
  }
  const std::string where = row.contains("topic")
                                ? row.value("topic", "")
                                : row.value("village", "") + "/" + row.value("device", "") + " " + row.value("id", "");
  return std::to_string(row.value("number", 0)) + "  " + row.value("at", "") + "  " + row.value("kind", "") + "  " +
         shortened(where) + "  " + shortened(row.value("reason", "")) + "  " + shortened(row.value("body", ""));
}

bool aside_failed(std::string_view line) {
  const json row = json::parse(line, nullptr, false);
  return row.is_object() && (row.contains("error") || row.value("not_done", 0) > 0);
}

Result<std::int64_t> parse_aside_number(const std::string& text) {
  if (text == "all") return std::int64_t{0};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number > 0) return number;
  return Problem{.what = "not a number of the list",
                 .value = shortened(text),
                 .advice = "give a number as shown by `list`, or `all`"};
}

}  // namespace solar
