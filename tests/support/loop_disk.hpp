// A small disk of one's own: ext4 in a file, which can be full and whose power can be cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/support/process.hpp"

namespace solar::test {

inline constexpr std::uint64_t kMiB = 1ULL << 20;

/// An ext4 file system on a loop device, mounted in a mount namespace that this process has for itself from the first
/// one on: whatever happens, nothing stays mounted after the process and its children. Needs root. Owner: one thread.
class LoopDisk {
 public:
  /// Makes and mounts it; throws std::runtime_error.
  explicit LoopDisk(std::uint64_t bytes);
  /// REQUIRES: whoever has files open on it has ended.
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  /// Why there can be none on this machine; empty: there can.
  [[nodiscard]] static std::string obstacle();

  /// Where it is mounted.
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "mount"; }
  [[nodiscard]] std::uint64_t free_bytes() const;

  /// Fills it with ballast until about so much is free; 0: until nothing can be written any more.
  void fill_up_to(std::uint64_t free_bytes);
  /// Removes the ballast.
  void make_room();

  /// From now on nothing reaches the disk; what was not synced never will. Who writes gets EIO.
  void cut_power();
  /// Mounts it again, the journal is played back. REQUIRES: whoever had files open on it has ended.
  /// True: the cut took what had not been synced (a witness that was written right before it).
  [[nodiscard]] bool restore_power();

  /// The image stays where it is, to be looked into.
  void keep() { folder_.keep(); }

 private:
  void mount() const;
  void unmount() const;
  [[nodiscard]] std::filesystem::path image() const { return folder_.path() / "image"; }
  [[nodiscard]] std::filesystem::path ballast() const { return path() / "ballast"; }
  [[nodiscard]] std::filesystem::path witness() const { return path() / "witness"; }

  TemporaryDirectory folder_;
};

}  // namespace solar::test
