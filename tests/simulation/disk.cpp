#include "tests/simulation/disk.hpp"

#include <algorithm>
#include <utility>

namespace solar::test {

namespace {

constexpr std::size_t kSectorBytes = 512;

/// One per thread: a history runs in one.
std::map<std::string, Disk*, std::less<>>& mounted() {
  thread_local std::map<std::string, Disk*, std::less<>> disks;
  return disks;
}

void apply(std::string& bytes, std::size_t offset, std::string_view part) {
  if (part.empty()) return;
  if (bytes.size() < offset + part.size()) bytes.resize(offset + part.size());
  std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// Any part of what was not synced, in any order that keeps single writes in theirs.
void lose_power(Disk::File& file, Dice& dice) {
  for (auto change = file.unsynced.rbegin(); change != file.unsynced.rend(); ++change) {
    apply(file.bytes, change->offset, change->before);
    file.bytes.resize(change->size_before);
  }
  for (const Disk::Change& change : file.unsynced) {
    for (std::size_t at = 0; at < change.after.size(); at += kSectorBytes) {
      if (dice.percent(50))
        apply(file.bytes, change.offset + at, std::string_view{change.after}.substr(at, kSectorBytes));
    }
  }
  file.unsynced.clear();
}

}  // namespace

Disk::Disk(const std::string& name, bool remembers)
    : path_{std::filesystem::temp_directory_path() / ("solar-simulation-" + name + ".db")}, remembers_{remembers} {
  use_virtual_disks();
  mounted().emplace(path_.string(), this);
}

Disk::~Disk() {
  for (auto& [suffix, file] : files_) file->disk = nullptr;
  mounted().erase(path_.string());
}

Disk* Disk::find(std::string_view path, std::string& suffix) {
  for (const std::string_view ending : {"-journal", "-wal", ""}) {
    if (!path.ends_with(ending)) continue;
    const auto disk = mounted().find(path.substr(0, path.size() - ending.size()));
    if (disk == mounted().end()) continue;
    suffix = ending;
    return disk->second;
  }
  return nullptr;
}

Disk::Files Disk::image(Crash how, Dice& dice) const {
  Files files;
  for (const auto& [suffix, file] : files_) {
    auto copy = std::make_shared<File>(*file);
    copy->disk = nullptr;
    if (how == Crash::PowerCut) lose_power(*copy, dice);
    files.emplace(suffix, std::move(copy));
  }
  return files;
}

void Disk::crash(Crash how, Dice& dice) {
  Files left = last_image_ ? *std::exchange(last_image_, std::nullopt) : image(how, dice);
  fuse_.reset();
  for (auto& [suffix, file] : files_) file->disk = nullptr;
  left_ = std::move(left);
}

void Disk::recover() {
  if (!left_) return;
  files_ = *std::exchange(left_, std::nullopt);
  for (auto& [suffix, file] : files_) file->disk = this;
}

void Disk::light_fuse(std::uint64_t operations, Crash how, Dice& dice) {
  fuse_ = operations;
  fuse_how_ = how;
  fuse_dice_ = Dice{dice.bits()};
}

void Disk::forget_fuse() {
  fuse_.reset();
  last_image_.reset();
}

void Disk::operation() {
  if (!fuse_ || last_image_) return;
  if (--*fuse_ == 0) last_image_ = image(fuse_how_, fuse_dice_);
}

void Disk::copy_from(const Disk& other) {
  files_.clear();
  for (const auto& [suffix, file] : other.files_) {
    auto copy = std::make_shared<File>(*file);
    copy->disk = this;
    files_.emplace(suffix, std::move(copy));
  }
}

std::size_t Disk::bytes(const std::string& suffix) const {
  const auto file = files_.find(suffix);
  return file == files_.end() ? 0 : file->second->bytes.size();
}

void Disk::fill_up(std::optional<std::size_t> more_bytes) { room_ = more_bytes; }

bool Disk::has_room(std::size_t more_bytes) {
  if (!room_) return true;
  if (*room_ < more_bytes) {
    ++writes_refused_;
    return false;
  }
  *room_ -= more_bytes;
  return true;
}

void Disk::before_change(File& file, Change change) {
  if (remembers_) file.unsynced.push_back(std::move(change));
}

}  // namespace solar::test
