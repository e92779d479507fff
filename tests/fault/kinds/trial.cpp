#include "tests/fault/kinds/trial.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "tests/support/load.hpp"

namespace solar::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSettling{15'000};
constexpr std::size_t kNamedMax = 5;  // of what is wrong, by name
constexpr const char* kPlainVillage = "Plain";

std::string village_name(std::size_t number) { return "Village" + std::to_string(number); }

std::string folder_name(std::string_view what, std::size_t number) {
  return std::string{what} + "-" + std::to_string(number);
}

std::filesystem::path disk_of(const std::filesystem::path& disk, const std::string& name) {
  return disk.empty() ? disk : disk / name;
}

std::string crc_text(std::string_view body) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08lx",
                ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  return text.data();
}

// Whether a stored body is what was fed as number `n`, and went under its own key.
bool is_whole(const StoredReading& reading, const json& body, const std::string& village, int n) {
  const std::string key = village + "/main/" + body.value("id", "") + "/";
  return body.value("village", "") == village && body.value("power_kw", -1) == n % 100 &&
         reading.key.starts_with(key) && reading.key.ends_with("/" + crc_text(reading.body));
}

std::filesystem::path place(bool in_memory) {
  constexpr std::uintmax_t kRoom = 256U << 20U;  // containers may have less
  const std::filesystem::path memory{"/dev/shm"};
  std::error_code none;
  const std::filesystem::space_info space = std::filesystem::space(memory, none);
  return in_memory && !none && space.available >= kRoom ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

Trial::Trial(Options options)
    : folder_{place(options.in_memory)},
      broker{path("broker"), options.broker_extra},
      central{path("central"), {}, options.central_host},
      supervised_{options.supervised},
      fed_(static_cast<std::size_t>(options.villages)) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.forwarders); ++i) {
    const std::string name = folder_name("forwarder", i);
    forwarders.emplace_back(path(name), Forwarder::Options{.broker_url = broker.url(),
                                                           .api_url = central.url(),
                                                           .client_id = name,
                                                           .extra = options.forwarder_extra,
                                                           .disk = disk_of(options.inboxes_in, name)});
  }
  for (std::size_t i = 0; i < fed_.size(); ++i) {
    const std::string name = folder_name("publisher", i);
    publishers.emplace_back(path(name), Publisher::Options{.broker_url = broker.url(),
                                                           .village = village_name(i),
                                                           .extra = options.publisher_extra,
                                                           .disk = disk_of(options.outboxes_in, name)});
  }
}

void Trial::take_counts() {
  const Counts counts = central.counts().value_or(Counts{});
  tally_.duplicates += counts.duplicates;
  // Such a reading is refused and leaves its outbox, while central has the other body under its id.
  if (counts.differences > 0) complain(std::to_string(counts.differences) + " times a key came with another body");
}

void Trial::kill_central() {
  take_counts();
  central.kill();
}

void Trial::start() {
  for (Forwarder& forwarder : forwarders) forwarder.start();
  for (Publisher& publisher : publishers) publisher.start();
}

void Trial::feed(int readings) {
  for (std::size_t village = 0; village < fed_.size(); ++village) feed(village, readings);
}

void Trial::feed(std::size_t village, int readings) {
  Publisher& publisher = publishers[village];
  if (!publisher.process().running()) return;
  publisher.feed_numbers(fed_[village].next, readings);
  fed_[village].next += readings;
}

void Trial::feed_plain(int readings) {
  Load load;
  load.port = broker.port();
  load.readings = static_cast<std::uint64_t>(readings);
  load.villages = 1;
  load.village = kPlainVillage;
  load.first = static_cast<std::uint64_t>(plain_) + 1;
  plain_ += static_cast<int>(publish(load).acknowledged);
}

bool Trial::revive(Process& process, const std::string& who) {
  const auto exit = process.wait(milliseconds{0});
  if (!exit) return false;
  if (*exit != Exit{75, false}) complain(who + " ended with " + std::to_string(exit->status) + ", see its log");
  return true;
}

int Trial::revive() {
  int revived = 0;
  for (Forwarder& forwarder : forwarders) {
    if (!revive(forwarder.process(), forwarder.options().client_id)) continue;
    forwarder.start_without_waiting();
    ++revived;
  }
  for (Publisher& publisher : publishers) {
    if (!revive(publisher.process(), "the publisher of " + publisher.options().village)) continue;
    publisher.start();
    ++revived;
  }
  return revived;
}

std::vector<std::string> Trial::accepted() const {
  std::vector<std::string> ids;
  for (const Publisher& publisher : publishers) std::ranges::move(publisher.accepted(), std::back_inserter(ids));
  return ids;
}

Trial::Missing Trial::missing(const std::vector<std::string>& accepted) const {
  std::unordered_set<std::string> arrived;
  for (const std::string& id : central.values("id")) arrived.insert(id);
  Missing missing{.accepted = static_cast<std::size_t>(plain_) + accepted.size(),
                  .lost = missing_plain(),
                  .forgiven = forgiven_plain_};
  for (const std::string& id : accepted) {
    if (!arrived.contains(id)) ++(forgiven_.contains(id) ? missing.forgiven : missing.lost);
  }
  return missing;
}

std::size_t Trial::missing_plain() const {
  if (plain_ == 0) return 0;
  std::unordered_set<std::string> arrived;
  for (const StoredReading& reading : central.stored(kPlainVillage)) arrived.insert(json_field(reading.body, "n"));
  const auto fed = static_cast<std::size_t>(plain_) - forgiven_plain_;
  return fed - std::min(fed, arrived.size());
}

bool Trial::drained() {
  if (supervised_) revive();
  for (const Publisher& publisher : publishers) {
    if (publisher.status("waiting") != "0") return false;
  }
  return missing_plain() == 0;
}

Tally Trial::conclude(milliseconds patience) {
  const auto begin = steady_clock::now();
  std::vector<std::string> promised;
  const auto all_gone = [this, &promised] {
    promised = accepted();
    return drained();
  };
  const bool empty = eventually(all_gone, patience, milliseconds{50});
  tally_.longest_drain = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  Missing gone = missing(promised);
  if (empty && gone.lost > 0) complain(std::to_string(gone.lost) + " readings left an outbox before central had them");
  // Who waited for room may only now read, and accept, what its source still holds.
  const auto settled = [this, &gone] {
    gone = missing(accepted());
    return gone.lost == 0 && drained();
  };
  if (!eventually(settled, kSettling, milliseconds{200}) && empty && gone.lost == 0) {
    complain("an outbox that was empty is not any more");
  }
  tally_.accepted += gone.accepted - gone.forgiven;
  tally_.lost = gone.lost;
  tally_.delivered = tally_.accepted - tally_.lost;
  take_counts();
  if (!empty) complain("an outbox is not empty " + std::to_string(patience.count() / 1000) + " s after the last fault");
  for (std::size_t village = 0; village < fed_.size(); ++village) judge(village, central.stored(village_name(village)));
  judge_the_rest(central.stored());
  complain_of_the_dead();
  if (!tally_.good()) {
    folder_.keep();
    complain("all files are kept in " + folder_.path().string());
  }
  return std::move(tally_);
}

void Trial::judge(std::size_t village, const std::vector<StoredReading>& stored) {
  std::vector<std::string> wrong;
  std::map<int, std::string> id_of;
  for (const StoredReading& reading : stored) {
    const json body = json::parse(reading.body, nullptr, false);
    const int n = body.is_object() ? body.value("n", -1) : -1;
    if (n < 0 || n >= fed_[village].next || !is_whole(reading, body, village_name(village), n)) {
      wrong.push_back("central has what was never fed, or altered: " + reading.key + " " + reading.body);
    } else if (!id_of.emplace(n, body["id"]).second) {
      wrong.push_back("one reading is at central twice, as " + id_of[n] + " and as " + reading.key);
    }
  }
  for (const std::string& id : Ledger::duplicates(publishers[village].accepted())) {
    wrong.push_back("an id was given twice: " + id);
  }
  complain_of(std::move(wrong));
}

/// Plain readings, and villages that nobody fed.
void Trial::judge_the_rest(const std::vector<StoredReading>& stored) {
  std::vector<std::string> wrong;
  std::unordered_set<std::string> judged;
  for (std::size_t village = 0; village < fed_.size(); ++village) judged.insert(village_name(village));
  for (const StoredReading& reading : stored) {
    const json body = json::parse(reading.body, nullptr, false);
    const std::string village = body.is_object() ? body.value("village", "") : "";
    const bool known = judged.contains(village) && reading.key.starts_with(village + "/main/");
    const int n = body.is_object() ? body.value("n", -1) : -1;
    const bool plain = reading.key.starts_with(std::string{kPlainVillage} + "/") && village == kPlainVillage &&
                       n >= 1 && n <= plain_ && reading.key.ends_with("/" + crc_text(reading.body));
    if (!known && !plain) wrong.push_back("central has what nobody fed: " + reading.key + " " + reading.body);
  }
  complain_of(std::move(wrong));
}

void Trial::complain_of(std::vector<std::string> wrong) {
  if (wrong.size() > kNamedMax) {
    const std::size_t more = wrong.size() - kNamedMax;
    wrong.resize(kNamedMax);
    wrong.push_back("and " + std::to_string(more) + " more of this kind");
  }
  for (std::string& text : wrong) complain(std::move(text));
}

/// Nobody ends by itself unnoticed: where that may be, the trial is supervised.
void Trial::complain_of_the_dead() {
  for (Forwarder& forwarder : forwarders) {
    if (!forwarder.process().running()) complain(forwarder.options().client_id + " has ended by itself, see its log");
  }
  for (Publisher& publisher : publishers) {
    if (!publisher.process().running()) {
      complain("the publisher of " + publisher.options().village + " has ended by itself, see its log");
    }
  }
}

}  // namespace solar::test
