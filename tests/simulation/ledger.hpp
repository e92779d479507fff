// What was promised, by whom, and what became of it: kept apart from every database of the programs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/clock.hpp"
#include "shared/reading.hpp"
#include "tests/simulation/journal.hpp"

namespace solar::test {

/// Who made a reading.
enum class Maker : std::uint8_t {
  Gateway,  ///< a publisher: keeps it until the receipt
  Plain,    ///< sends it once, without an id: the inbox is the promise
  WithId,   ///< sends it once, with an id, and ignores receipts
};

/// Readings by number; every body holds its number as `"n":<number>`. Owner: the world. One thread.
class Ledger {
 public:
  struct Entry {
    Maker maker{};
    Origin origin;
    bool poison{};     ///< central refuses it whenever it comes
    bool accepted{};   ///< a gateway's: `accept` returned its id
    bool perhaps{};    ///< its process died in `accept`
    std::string id;    ///< a gateway's row's, or a device's own; a plain reading has none
    std::string body;  ///< as it must be at central; a gateway's once accepted
    Millis offered_at{};
    std::optional<Millis> connected_at;  ///< its gateway, from the acceptance on
    std::int64_t broker_copies{};        ///< in sessions of forwarders
    std::uint32_t inboxes{};             ///< bits: forwarders that have committed or acknowledged it
    std::optional<Millis> at_central;    ///< the first time
    bool refused_by_central{};
    bool excused{};              ///< a device's, with an id: passed by, because whoever gives an id keeps the reading
    std::uint32_t times_sent{};  ///< by its gateway
    std::string seen;            ///< where, for people
  };

  explicit Ledger(Journal& journal) : journal_{journal} {}

  [[nodiscard]] std::int64_t offer(Maker maker, const Origin& origin, bool poison, Millis now);
  void accepted(std::int64_t number, const std::string& id, std::string body);
  /// A device's, as central must see it.
  void sent_by_device(std::int64_t number, std::string id, std::string body);
  [[nodiscard]] Entry& at(std::int64_t number) { return entries_.at(static_cast<std::size_t>(number)); }
  [[nodiscard]] std::vector<Entry>& entries() { return entries_; }
  void seen(std::int64_t number, std::string_view where);

  /// A request with `body` and `key` is at central, whatever becomes of it. Throws Violation where that cannot be.
  void arrived(std::string_view key, std::string_view body);
  /// Central stores `body` for the first time. Throws Violation where that cannot be.
  void stored(std::string_view body, Millis now);
  void refused(std::string_view body);

  // Readings that nobody sends again, as far as the world can tell where they are.
  void inbox_has(std::int64_t number, std::size_t forwarder) { at(number).inboxes |= 1U << forwarder; }
  void inbox_destroyed(std::size_t forwarder);

  /// The number in a body. Throws Violation if there is none.
  [[nodiscard]] std::int64_t number_of(std::string_view body) const;

 private:
  void give(const std::string& id, std::int64_t number);

  Journal& journal_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::int64_t> ids_;  ///< every id that was ever seen; only looked up
};

}  // namespace solar::test
