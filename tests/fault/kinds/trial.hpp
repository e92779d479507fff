// A whole road with several villages and forwarders, and the ledger that judges it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/fault/kinds/kind.hpp"
#include "tests/support/fixtures.hpp"

namespace solar::test {

/// Broker, central, forwarders and publishers as real processes, and what the publishers were fed. Owner: one thread.
class Trial {
 public:
  struct Options {
    int villages{2};
    int forwarders{2};
    Flags publisher_extra{};
    Flags forwarder_extra{};
    std::filesystem::path outboxes_in{};  ///< where the outboxes' folders are; empty: with what the publishers say
    std::filesystem::path inboxes_in{};
    bool supervised{};                      ///< whoever ends by itself is started again, as systemd and Kubernetes do
    std::string broker_extra{};             ///< lines for Mosquitto's configuration
    std::string central_host{"127.0.0.1"};  ///< where central listens
    bool in_memory{};                       ///< all files: a slow disk is not to be taken for a slow link
  };

  Trial() : Trial(Options{}) {}
  /// Broker and central run; publishers and forwarders do not yet: their `options()` may be changed before `start`.
  explicit Trial(Options options);

  void start();
  /// So many more numbered readings to each publisher that runs. A publisher that reads nothing (stopped, full) makes
  /// this throw after about 20,000 readings.
  void feed(int readings);
  /// The same for one of them.
  void feed(std::size_t village, int readings);
  /// Readings of a device without ids, told to be accepted by the broker's PUBACK: from then on they must arrive too.
  /// REQUIRES: the broker runs, and never again loses anything.
  void feed_plain(int readings);
  /// Starts again whoever ended by itself, and complains of other ends than by exit code 75. Tells how many it was.
  int revive();
  /// The disk that had these readings is gone: they need not arrive.
  void forgive(const std::vector<std::string>& ids) { forgiven_.insert(ids.begin(), ids.end()); }
  /// The same for so many plain ones.
  void forgive_plain(std::size_t readings) { forgiven_plain_ += readings; }
  /// Plain readings that are not at central, and were not forgiven.
  [[nodiscard]] std::size_t missing_plain() const;
  void kill_central();  ///< what it counts is in its memory only
  void count_faults(int faults = 1) { tally_.faults += static_cast<std::uint64_t>(faults); }
  void complain(std::string what) { tally_.complaints.push_back(std::move(what)); }

  /// Waits until everything accepted is at central and the outboxes are empty, and compares: nothing is missing, no id
  /// was given twice, no body changed, nothing came that was never fed. A bad trial keeps its folder and names it.
  /// REQUIRES: everything is whole and runs again.
  [[nodiscard]] Tally conclude(std::chrono::milliseconds patience = std::chrono::seconds{90});

  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return folder_.path() / name; }

 private:
  TemporaryDirectory folder_;

 public:
  Broker broker;
  Central central;
  std::deque<Forwarder> forwarders;
  std::deque<Publisher> publishers;

 private:
  struct Fed {
    int next{};  ///< the next number
  };
  struct Missing {
    std::size_t accepted{};
    std::size_t lost{};      ///< of the accepted ones
    std::size_t forgiven{};  ///< the same
  };
  [[nodiscard]] std::vector<std::string> accepted() const;
  [[nodiscard]] Missing missing(const std::vector<std::string>& accepted) const;
  [[nodiscard]] bool drained();
  void take_counts();
  void judge(std::size_t village, const std::vector<StoredReading>& stored);
  void judge_the_rest(const std::vector<StoredReading>& stored);
  void complain_of(std::vector<std::string> wrong);
  void complain_of_the_dead();
  bool revive(Process& process, const std::string& who);

  bool supervised_;
  int plain_{};
  std::size_t forgiven_plain_{};
  std::unordered_set<std::string> forgiven_;
  std::vector<Fed> fed_;
  Tally tally_;
};

}  // namespace solar::test
