#include "tests/fault/kinds/kind.hpp"

#include <algorithm>
#include <iterator>
#include <thread>

namespace solar::test {

Tally& Tally::operator+=(const Tally& other) {
  faults += other.faults;
  accepted += other.accepted;
  delivered += other.delivered;
  lost += other.lost;
  duplicates += other.duplicates;
  longest_drain = std::max(longest_drain, other.longest_drain);
  complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
  return *this;
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> all;
  for (auto family : {kill_kinds, network_kinds, stop_kinds, full_disk_kinds, io_error_kinds, power_cut_kinds,
                      rolled_back_kinds, bit_flip_kinds, clock_kinds, leaving_kinds}) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  return all;
}

int between(Random& random, int low, int high) { return std::uniform_int_distribution<int>{low, high}(random); }

void at_any_moment(Random& random, std::chrono::milliseconds longest) {
  std::this_thread::sleep_for(
      std::chrono::microseconds{std::uniform_int_distribution<std::int64_t>{0, longest.count() * 1000}(random)});
}

}  // namespace solar::test
