// What must be so when a history has ended.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace solar::test {

/// Owner: a history. One thread.
class Verdict {
 public:
  explicit Verdict(World& world) : world_{world} {}

  /// A person looks at the dead letters of a forwarder that they have filled, and drops them.
  void tidy_full_inboxes();
  /// Nothing is on its way any more.
  [[nodiscard]] bool drained() const;
  /// Throws Violation: a refusal without a reason, a reading that is missing.
  void pass();
  /// One line each: what is missing, and where it was last seen.
  [[nodiscard]] std::vector<std::string> missing() const;

 private:
  void collect_refused(Node& node, bool drop);
  [[nodiscard]] bool is_missing(std::int64_t number, const Ledger::Entry& entry) const;

  World& world_;
  std::set<std::int64_t> refused_;  ///< readings in a refused table or among the dead letters
};

}  // namespace solar::test
