// Networks of their own for processes of a test: what happens to one of them happens to nobody else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/net.hpp"

namespace solar::test {

/// A network namespace without a name: it goes with the last process or descriptor in it, also after a crash. Making
/// one and entering one needs root. Owner: one thread.
class NetworkNamespace {
 public:
  /// Where the calling thread is. Throws std::system_error, as everything here does.
  [[nodiscard]] static NetworkNamespace current();
  /// An empty one, loopback up.
  [[nodiscard]] static NetworkNamespace fresh();

  /// Takes the calling thread into it, and whatever that starts from now on.
  void enter() const;
  /// As a path of /proc that commands understand.
  [[nodiscard]] std::string path() const;

 private:
  explicit NetworkNamespace(Socket descriptor) : descriptor_{std::move(descriptor)} {}
  Socket descriptor_;
};

/// A mainland, where the calling thread lives while this object does, and an island at the other end of a cable that
/// can be cut, one way or both, made lossy or slow. Nothing of it is seen outside. Owner: one thread.
class Island {
 public:
  enum class Way { Out, In };  ///< from the island; to it
  enum class Fate { Drop, Reset };

  struct Traffic {
    std::uint64_t packets{};
    std::uint64_t bytes{};  ///< with IP headers
  };

  /// Where the mainland's end of the cable is, as the island sees it.
  static constexpr const char* kMainland = "10.9.0.1";

  /// Why there can be none on this machine; empty: there can.
  [[nodiscard]] static std::string obstacle();

  Island();
  ~Island();
  Island(const Island&) = delete;
  Island& operator=(const Island&) = delete;

  /// What a command line begins with so that it runs on the island.
  [[nodiscard]] std::vector<std::string> wrapper() const;

  /// Of the packets that way, `percent` of those between the island and this port of the mainland (0: all) are
  /// stopped, until `heal`.
  void stop(Way way, Fate fate, std::uint16_t port = 0, int percent = 100);
  /// The mainland's end of the cable is pulled out, until `heal`.
  void unplug();
  /// Both ways carry only so much, until `heal`.
  void limit(int kbit_per_second);
  void heal();

  [[nodiscard]] Traffic stopped() const;         ///< both ways, since the start
  [[nodiscard]] Traffic arrived(Way way) const;  ///< at the other end, stopped there or not, since the start

 private:
  struct Shore {
    NetworkNamespace network;
    const char* port_field;  ///< of a packet that arrives here, where the mainland's port is
  };
  [[nodiscard]] const Shore& end_of(Way way) const { return way == Way::Out ? mainland_ : island_; }
  [[nodiscard]] static Traffic count(const Shore& shore, const std::string& counter);
  void lay_cable();

  NetworkNamespace home_;
  Shore mainland_;
  Shore island_;
  bool unplugged_{};
};

}  // namespace solar::test
