// The readings that central has, on disk before anybody is told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace solar::central {

/// A reading as it came.
struct Arrival {
  std::string key;
  std::string village;
  std::string body;
};

enum class Stored {
  New,        ///< durable now
  Again,      ///< the same key with the same body was durable before
  Different,  ///< the key is taken by another body: nothing stored
  Failed,     ///< the disk said no: nothing promised
};

struct Row {
  std::int64_t n{};
  std::string key;
  std::int64_t received_at_ms{};
  std::string body;
};

/// What to list: rows after `n`, received at or after `received_at_ms`, of one village or (empty) of all.
struct Selection {
  std::string village;
  std::int64_t after_n{};
  std::int64_t since_ms{};
};

/// A SQLite file (WAL, synchronous=FULL). One thread writes: it commits all that wait at once and then releases
/// them, so that many requests share an fsync. Threads: any.
class Store {
 public:
  explicit Store(const std::filesystem::path& database);  ///< throws std::runtime_error
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Returns when `arrival` is durable (or is not going to be).
  [[nodiscard]] Stored put(Arrival arrival);
  /// At most `limit` rows in the order of their arrival.
  [[nodiscard]] std::vector<Row> page(const Selection& selection, std::size_t limit) const;
  [[nodiscard]] std::uint64_t count() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace solar::central
