// What was accepted against what central has, kept apart from every database of the programs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace solar::test {

/// The names of readings that somebody was promised will arrive: ids, or whatever tells readings apart.
class Ledger {
 public:
  void accept(const std::string& name) { ++accepted_[name]; }
  void accept_all(const std::vector<std::string>& names) {
    for (const std::string& name : names) accept(name);
  }
  [[nodiscard]] std::size_t size() const { return accepted_.size(); }

  /// Accepted, and not among `arrived`.
  [[nodiscard]] std::vector<std::string> missing(const std::vector<std::string>& arrived) const {
    std::map<std::string, std::size_t> left = accepted_;
    for (const std::string& name : arrived) left.erase(name);
    std::vector<std::string> names;
    for (const auto& [name, count] : left) names.push_back(name);
    return names;
  }

  /// Those that stand more than once in `arrived`.
  [[nodiscard]] static std::vector<std::string> duplicates(const std::vector<std::string>& arrived) {
    std::map<std::string, std::size_t> seen;
    for (const std::string& name : arrived) ++seen[name];
    std::vector<std::string> names;
    for (const auto& [name, count] : seen) {
      if (count > 1) names.push_back(name);
    }
    return names;
  }

 private:
  std::map<std::string, std::size_t> accepted_;
};

}  // namespace solar::test
