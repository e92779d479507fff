#include "tests/simulation/verdict.hpp"

#include <algorithm>

#include "tests/simulation/forwarder_node.hpp"
#include "tests/simulation/gateway.hpp"

namespace solar::test {

namespace {

constexpr std::size_t kPage = 100;
constexpr double kWorthTidying = 0.3;

}  // namespace

bool Verdict::drained() const {
  return std::all_of(world_.nodes.begin(), world_.nodes.end(), [](const auto& node) { return node->is_idle(); }) &&
         world_.broker.readings_waiting() == 0;
}

void Verdict::tidy_full_inboxes() {
  for (ForwarderNode* forwarder : world_.forwarders) {
    if (forwarder->runs() && forwarder->queue()->used_fraction() > kWorthTidying) collect_refused(*forwarder, true);
  }
}

void Verdict::collect_refused(Node& node, bool drop) {
  Queue* queue = node.queue();
  if (queue == nullptr) return;
  std::int64_t last = 0;
  for (auto page = queue->aside(AsideKind::Refused, 0, kPage); !page.empty();
       page = queue->aside(AsideKind::Refused, last, kPage)) {
    for (const Aside& aside : page) {
      last = aside.number;
      const std::int64_t number = world_.ledger.number_of(aside.body);
      if (aside.reason.empty()) throw Violation{"reading " + std::to_string(number) + " is refused without a reason"};
      if (!world_.ledger.at(number).refused_by_central) {
        throw Violation{"reading " + std::to_string(number) + " is refused, and central never refused it"};
      }
      refused_.insert(number);
      if (drop) queue->drop_aside(AsideKind::Refused, aside.number);
    }
  }
}

void Verdict::pass() {
  for (const auto& node : world_.nodes) {
    if (Queue* queue = node->queue(); queue != nullptr) {
      collect_refused(*node, false);
      if (!queue->aside(AsideKind::Quarantined, 0, 1).empty()) throw Violation{node->name() + " has damaged readings"};
    }
  }
  const auto lost = missing();
  if (!lost.empty()) throw Violation{std::to_string(lost.size()) + " readings are missing at central"};
}

bool Verdict::is_missing(std::int64_t number, const Ledger::Entry& entry) const {
  if (entry.at_central || refused_.contains(number)) return false;
  switch (entry.maker) {
    case Maker::Gateway:
      return entry.accepted;
    case Maker::WithId:
      // Refused, and whoever gives an id keeps the reading.
      if (entry.excused || entry.refused_by_central) return false;
      break;
    case Maker::Plain:
      break;
  }
  return entry.inboxes != 0 || entry.broker_copies > 0;
}

std::vector<std::string> Verdict::missing() const {
  std::vector<std::string> lines;
  std::int64_t number = 0;
  for (const Ledger::Entry& entry : world_.ledger.entries()) {
    if (is_missing(number, entry)) {
      lines.push_back("reading " + std::to_string(number) + " of " + entry.origin.village + " " + entry.id +
                      ", offered at " + Journal::clock_text(entry.offered_at) + ", last seen: " + entry.seen);
    }
    ++number;
  }
  return lines;
}

}  // namespace solar::test
