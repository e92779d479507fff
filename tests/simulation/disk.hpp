// A disk in memory for SQLite, that keeps what a crash or a power cut leaves: the death of a process loses nothing that
// was written, a power cut loses any part of what was written since the last fsync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/dice.hpp"

namespace solar::test {

/// One database's files. While it lives, SQLite finds them on this thread under `path()`, which is on no real disk.
/// Owner: a node. One thread.
class Disk {
 public:
  struct Change {
    std::size_t offset{};
    std::size_t size_before{};
    std::string before;
    std::string after;
  };
  struct File {
    std::string bytes;
    std::vector<Change> unsynced;  ///< since the last fsync, if the disk is one whose power can be cut
    Disk* disk{};                  ///< null: of a process that is dead, its writes go nowhere
  };
  using Files = std::map<std::string, std::shared_ptr<File>>;  ///< by what follows the path: "", "-wal"

  enum class Crash { Process, PowerCut };

  /// `remembers`: what power cuts need.
  Disk(const std::string& name, bool remembers);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// The process is dead: whoever still has files open writes to nowhere. Where the fuse has burnt, the files are as
  /// they were at that moment.
  void crash(Crash how, Dice& dice);
  /// What the crash has left is there for the next process. REQUIRES: the dead one has closed its files.
  void recover();
  /// From now on the `operations`-th write or fsync is the last that counts.
  void light_fuse(std::uint64_t operations, Crash how, Dice& dice);
  void forget_fuse();

  /// A new disk in its place. REQUIRES: nobody has files open.
  void destroy() { files_.clear(); }
  /// Of the file with this ending.
  [[nodiscard]] std::size_t bytes(const std::string& suffix) const;
  [[nodiscard]] bool is_new() const { return files_.empty(); }
  /// The same files. REQUIRES: nobody has files open on either.
  void copy_from(const Disk& other);
  /// No write beyond so many bytes from now on: the disk is full; nullopt: it has room.
  void fill_up(std::optional<std::size_t> more_bytes);

  // What SQLite calls.
  static Disk* find(std::string_view path, std::string& suffix);
  Files& files() { return files_; }
  [[nodiscard]] bool has_room(std::size_t more_bytes);
  [[nodiscard]] std::uint64_t writes_refused() const { return writes_refused_; }
  void before_change(File& file, Change change);
  void operation();
  [[nodiscard]] bool remembers() const { return remembers_; }

 private:
  [[nodiscard]] Files image(Crash how, Dice& dice) const;

  std::filesystem::path path_;
  bool remembers_;
  Files files_;
  std::optional<std::uint64_t> fuse_;
  Crash fuse_how_{};
  Dice fuse_dice_{0};
  std::optional<Files> last_image_;  ///< when the fuse burnt
  std::optional<Files> left_;        ///< by a crash
  std::optional<std::size_t> room_;
  std::uint64_t writes_refused_{};
};

/// Makes SQLite use these disks, for the whole process. Any thread, any number of times.
void use_virtual_disks();

}  // namespace solar::test
