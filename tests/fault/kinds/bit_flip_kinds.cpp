// Bits that turn over in a closed database: noticed, and never delivered.
#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <unordered_set>

#include "tests/fault/kinds/bites.hpp"
#include "tests/fault/kinds/trial.hpp"
#include "tests/support/bit_flips.hpp"

namespace solar::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDrainPatience{60'000};
constexpr int kRestartsMax = 5;  // by one damage
constexpr const char* kQuarantined = "set aside in quarantine id=";
constexpr const char* kCarriedOver = "whole readings carried over readings=";
constexpr const char* kLogDamaged = "the log is damaged";
constexpr const char* kLogNotWhole = "the log's last transaction is not whole";
constexpr const char* kLogMended = "bits had turned over in the log beside";

/// What a program logged about one damage.
class Words {
 public:
  explicit Words(std::string log) : log_{std::move(log)} {}

  [[nodiscard]] bool any() const { return quarantined() > 0 || carried_over() || log_ends() || says(kLogMended); }
  [[nodiscard]] bool log_ends() const { return says(kLogDamaged) || says(kLogNotWhole); }
  [[nodiscard]] bool says(std::string_view text) const { return times_in(log_, text) > 0; }
  [[nodiscard]] std::size_t quarantined() const { return times_in(log_, kQuarantined); }
  /// Readings in the file that took the damaged one's place.
  [[nodiscard]] std::optional<std::size_t> carried_over() const {
    const std::size_t at = log_.find(kCarriedOver);
    if (at == std::string::npos) return std::nullopt;
    return std::stoul(log_.substr(at + std::string_view{kCarriedOver}.size()));
  }

 private:
  std::string log_;
};

/// A closed database that was damaged, and what was in it.
struct Patient {
  std::filesystem::path log;  ///< of its program
  std::size_t log_begin{};    ///< what it says from here on is about this damage
  Damage damage;
};

Patient damage(const std::filesystem::path& database, const std::filesystem::path& log, Random& random) {
  return {.log = log, .log_begin = read_file(log).size(), .damage = flip_bits(database, random, between(random, 1, 4))};
}

/// Every reading that did not arrive was named in quarantine, or left behind by a salvage that said how many it had;
/// and there are no more of them than stood on the pages that were hit.
void judge_missing(Trial& trial, const Patient& patient, std::size_t missing, const std::string& who) {
  const Words words{read_file(patient.log).substr(patient.log_begin)};
  const auto carried = words.carried_over();
  const std::size_t left_behind = carried ? patient.damage.rows - std::min(patient.damage.rows, *carried) : 0;
  const std::string story = who + ": " + std::to_string(missing) + " of " + std::to_string(patient.damage.rows) +
                            " missing, " + std::to_string(patient.damage.rows_hit) + " hit, " +
                            std::to_string(words.quarantined()) + " quarantined, " + std::to_string(left_behind) +
                            " left behind: " + patient.damage.what;
  if (missing > words.quarantined() + left_behind && !words.log_ends()) trial.complain("without a word, " + story);
  if (missing > patient.damage.rows_hit && !patient.damage.log_ends) trial.complain("more than was hit, " + story);
  if (words.any()) trial.count_faults();
}

/// Waits until `done`, and starts again whoever ended meanwhile.
void wait_until(Trial& trial, const std::function<bool()>& done, const std::string& what) {
  int restarts = 0;
  const auto revived_and_done = [&] {
    restarts += trial.revive();
    return done();
  };
  if (!eventually(revived_and_done, kDrainPatience, milliseconds{50})) trial.complain(what);
  const int allowed = kRestartsMax * static_cast<int>(trial.publishers.size());
  if (restarts > allowed) trial.complain("started again " + std::to_string(restarts) + " times by the damage");
}

/// A damage that nobody has met yet must not be the next one's.
void renew(const std::filesystem::path& database) {
  for (const char* suffix : {"", "-wal"}) std::filesystem::remove(database.string() + suffix);
}

template <class Program>
void close(Program& program, Random& random) {
  if (between(random, 0, 1) == 0) {
    program.kill();  // leaves a log
  } else {
    program.stop();
  }
}

std::vector<std::string> missing_of(const Publisher& publisher, const std::set<std::string>& arrived,
                                    const std::unordered_set<std::string>& known) {
  std::vector<std::string> missing = publisher.accepted();
  std::erase_if(missing, [&](const std::string& id) { return arrived.contains(id) || known.contains(id); });
  return missing;
}

std::set<std::string> arrived_at(const Central& central) {
  const auto ids = central.values("id");
  return {ids.begin(), ids.end()};
}

/// Damages all outboxes at once while nothing of theirs is anywhere else.
void damage_outboxes(Trial& trial, Random& random, std::unordered_set<std::string>& gone) {
  trial.broker.stop();
  std::vector<Patient> patients;
  for (std::size_t village = 0; village < trial.publishers.size(); ++village) {
    Publisher& publisher = trial.publishers[village];
    const std::size_t before = publisher.accepted().size();
    const int count = between(random, 20, 100);
    renew(publisher.outbox());
    publisher.start();
    trial.feed(village, count);
    if (!publisher.accepts(before + static_cast<std::size_t>(count))) trial.complain("an outbox does not accept");
    close(publisher, random);
    patients.push_back(damage(publisher.outbox(), publisher.folder() / "publisher.log", random));
  }
  trial.broker.start();
  for (Publisher& publisher : trial.publishers) publisher.start();
  for (std::size_t village = 0; village < patients.size(); ++village) {
    Publisher& publisher = trial.publishers[village];
    wait_until(
        trial, [&] { return publisher.status("waiting") == "0"; },
        publisher.options().village + " does not drain: " + patients[village].damage.what);
  }
  const std::set<std::string> arrived = arrived_at(trial.central);
  for (std::size_t village = 0; village < patients.size(); ++village) {
    const std::vector<std::string> missing = missing_of(trial.publishers[village], arrived, gone);
    judge_missing(trial, patients[village], missing.size(), trial.publishers[village].options().village);
    trial.forgive(missing);
    gone.insert(missing.begin(), missing.end());
  }
}

Tally outbox_round(Random& random, Scale scale) {
  Trial trial{{.villages = scale == Scale::Sample ? 8 : 15, .forwarders = 1, .supervised = true}};
  trial.forwarders[0].start();
  std::unordered_set<std::string> gone;
  for (int batch = 0; batch < (scale == Scale::Sample ? 1 : 2); ++batch) damage_outboxes(trial, random, gone);
  return trial.conclude();
}

/// Publishers keep theirs until the receipt; plain readings are in the inbox only.
Tally inbox_round(Random& random, Scale scale) {
  Trial trial{{.villages = 1,
               .forwarders = 1,
               .forwarder_extra = {"--drain-timeout", "0s", "--drain-plain-timeout", "0s"},
               .supervised = true}};
  Forwarder& forwarder = trial.forwarders[0];
  trial.start();
  for (int file = 0; file < (scale == Scale::Sample ? 4 : 15); ++file) {
    forwarder.kill();
    renew(forwarder.inbox());
    forwarder.start();
    trial.central.answer_always(503);
    trial.feed(between(random, 5, 20));
    trial.feed_plain(between(random, 20, 60));
    const std::size_t plain = trial.missing_plain();
    const auto all_in = [&] { return std::stoul("0" + forwarder.status("waiting")) >= plain; };
    wait_until(trial, all_in, "the inbox does not fill");
    close(forwarder, random);
    const Patient patient = damage(forwarder.inbox(), forwarder.folder() / "forwarder.log", random);
    trial.central.heal();
    forwarder.start_without_waiting();
    wait_until(
        trial, [&] { return forwarder.status("waiting") == "0"; }, "the inbox does not drain: " + patient.damage.what);
    const std::size_t missing = trial.missing_plain();
    judge_missing(trial, patient, missing, "the forwarder");
    trial.forgive_plain(missing);
  }
  return trial.conclude();
}

}  // namespace

std::vector<Kind> bit_flip_kinds() {
  return {
      {"bit-flips-outbox", "bits turn over in closed outboxes, some with the log that kill -9 leaves", outbox_round},
      {"bit-flips-inbox", "the same in an inbox, plain readings among what it holds", inbox_round},
  };
}

}  // namespace solar::test
