// The queue beside a naive model of it: thousands of random operations, seeded.
#include <map>
#include <memory>
#include <random>
#include <set>

#include "shared/queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queue_room.hpp"

using namespace solar;
using namespace solar::test;

namespace {

struct ModelRow {
  std::string village;
  std::optional<std::string> id;
  std::string body;
  Millis due_at{};
  std::uint32_t round{};

  bool operator==(const ModelRow&) const = default;
};

using Rows = std::map<RowId, ModelRow>;

class Pair {
 public:
  explicit Pair(unsigned seed) : random_{seed}, queue_{std::make_unique<Queue>(room_.options(token_))} {}

  void step() {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return append();
      case 4:
      case 5:
      case 6:
        return remove();
      case 7:
      case 8:
        return rest();
      case 9:
        return refuse();
      case 10:
        return retry();
      default:
        return pick(6) == 0 ? reopen() : queue_->flush_removals();
    }
  }

  void compare() {
    Rows found;
    std::map<VillageNumber, bool> villages;
    for (const VillageNumber village : queue_->take_news()) villages_.insert(village);
    for (const VillageNumber village : villages_) {
      for (const TakenRow& row : queue_->fresh(village, 0, 10'000, 1 << 20)) add(found, row, Millis{0});
      for (const TakenRow& row : queue_->due(village, kFarOff, nobody, 10'000)) add(found, row, Millis{1});
    }
    Rows expected = rows_;
    for (auto& [id, row] : expected) row.due_at = std::min(row.due_at, Millis{1});
    REQUIRE(found == expected);
    const QueueStats stats = queue_->stats(kWall);
    CHECK(stats.waiting == rows_.size());
    CHECK(stats.refused == refused_.size());
    CHECK(queue_->last_seq() >= last_seq_);
    CHECK(queue_->is_empty() == rows_.empty());
  }

 private:
  static constexpr Millis kFarOff{kWall.count() + 86'400'000};

  std::size_t pick(std::size_t limit) { return random_() % limit; }

  static void add(Rows& rows, const TakenRow& row, Millis due_at) {
    rows.emplace(row.parcel.row,
                 ModelRow{row.parcel.origin.village, row.parcel.id, row.parcel.body, due_at, row.round});
  }

  Rows::iterator any_row() { return std::next(rows_.begin(), static_cast<std::ptrdiff_t>(pick(rows_.size()))); }

  void append() {
    std::vector<NewReading> readings;
    for (std::size_t left = 1 + pick(4); left > 0; --left) {
      const std::string village = "v" + std::to_string(pick(4));
      readings.push_back(pick(2) == 0 ? plain(village, static_cast<int>(pick(5)))
                                      : with_id(village, "id" + std::to_string(pick(20)), static_cast<int>(pick(3))));
    }
    const auto appended = accept(*queue_, readings);
    for (std::size_t i = 0; i < readings.size(); ++i) {
      const ModelRow row{readings[i].origin.village, readings[i].id, readings[i].body, Millis{0}, 0};
      const bool is_there =
          row.id && std::any_of(rows_.begin(), rows_.end(), [&](const auto& other) {
            return other.second.village == row.village && other.second.id == row.id && other.second.body == row.body;
          });
      REQUIRE(appended[i].duplicate == is_there);
      if (is_there) continue;
      CHECK(appended[i].row.token == token_);
      REQUIRE(appended[i].row.seq > last_seq_);
      last_seq_ = appended[i].row.seq;
      rows_.emplace(appended[i].row, row);
    }
  }

  void remove() {
    if (rows_.empty()) return;
    const auto row = any_row();
    queue_->remove({{row->first}});
    rows_.erase(row);
  }

  void rest() {
    if (rows_.empty()) return;
    const auto row = any_row();
    const Rest rested{.row = row->first, .due_at = kWall + Millis{pick(1'000)}, .round = row->second.round + 1};
    queue_->rest({&rested, 1});
    row->second.due_at = rested.due_at;
    row->second.round = rested.round;
  }

  void refuse() {
    if (rows_.empty()) return;
    const auto row = any_row();
    queue_->refuse(row->first, "no", kWall);
    refused_.emplace(++last_number_, *row);
    rows_.erase(row);
  }

  void retry() {
    if (refused_.empty()) return;
    const auto [number, entry] = *std::next(refused_.begin(), static_cast<std::ptrdiff_t>(pick(refused_.size())));
    const ModelRow back{entry.second.village, entry.second.id, entry.second.body, Millis{1}, 0};
    const bool is_there =
        back.id && std::any_of(rows_.begin(), rows_.end(), [&](const auto& other) {
          return other.second.village == back.village && other.second.id == back.id && other.second.body == back.body;
        });
    // A delivered reading whose removal waits is there still, and one that is the same needs not go again.
    queue_->flush_removals();
    REQUIRE(queue_->retry_refused(number));
    if (!is_there) rows_.emplace(entry.first, back);
    refused_.erase(number);
  }

  void reopen() {
    queue_.reset();
    queue_ = std::make_unique<Queue>(room_.options(++token_));
    villages_.clear();
  }

  std::mt19937 random_;
  Room room_;
  std::uint64_t token_{1};
  std::unique_ptr<Queue> queue_;
  std::set<VillageNumber> villages_;
  Rows rows_;
  std::map<std::int64_t, std::pair<const RowId, ModelRow>> refused_;
  std::int64_t last_seq_{};
  std::int64_t last_number_{};
};

}  // namespace

TEST_CASE("two thousand random operations leave the queue as its model") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U);
  INFO("seed " << seed);
  Pair pair{seed};

  for (int i = 0; i < 500; ++i) {
    pair.step();
    if (i % 10 == 0) pair.compare();
  }

  pair.compare();
}
