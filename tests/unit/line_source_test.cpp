// Where lines come from: files and FIFOs.
#include "publisher/line_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "shared/file_descriptor.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace solar;

namespace {

/// Invalid where nobody reads.
FileDescriptor writer_of(const std::filesystem::path& fifo) {
  return FileDescriptor{::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
}

bool write_and_close(const std::filesystem::path& fifo, std::string_view text) {
  const FileDescriptor writer = writer_of(fifo);
  return ::write(writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

TEST_CASE("a followed FIFO is read through one writer after the other") {
  const TemporaryFolder folder;
  const auto fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  LineSource source{fifo, true};

  for (const char* text : {"first", "second"}) {
    REQUIRE(write_and_close(fifo, text + std::string{"\n"}));
    const auto lines = source.next();
    REQUIRE(lines);
    REQUIRE(lines->size() == 1);
    CHECK(lines->front().text == text);
  }
}

TEST_CASE("a followed FIFO has a reader also while it is opened again") {
  const TemporaryFolder folder;
  const auto fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  LineSource source{fifo, true};
  REQUIRE(write_and_close(fifo, "line\n"));
  REQUIRE(source.next());
  int writable = -1;

  // An opening that fails stops the source in the middle, between the old descriptor and the new one.
  std::filesystem::rename(fifo, folder / "moved");
  try {
    static_cast<void>(source.next());
  } catch (const std::system_error&) {
    writable = writer_of(folder / "moved").valid() ? 1 : 0;
  }

  CHECK(writable == 1);
}
