// NDJSON from standard input, a file or a FIFO.
#pragma once

#include <deque>
#include <string>

#include "publisher/source.hpp"
#include "shared/file_descriptor.hpp"

namespace solar {

/// Reads `path`, "-" for standard input. With `follow` it stays after the end: appended lines of a file and later
/// writers of a FIFO are read too; an ended standard input just stays silent. A partial last line of a followed file
/// waits for its end.
class LineSource final : public Source {
 public:
  /// Throws std::system_error if it cannot be opened.
  LineSource(std::string path, bool follow);
  ~LineSource() override;
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  [[nodiscard]] std::optional<std::vector<Line>> next() override;
  void interrupt() override;

 private:
  enum class Kind { StandardInput, Fifo, File };

  void open();
  [[nodiscard]] bool wait(int timeout_ms);
  [[nodiscard]] bool stay_after_end();
  [[nodiscard]] std::vector<Line> take_pending();

  std::string path_;
  bool follow_;
  Kind kind_{Kind::StandardInput};
  FileDescriptor input_;
  int interrupt_event_{-1};
  bool ended_{};
  LineSplitter splitter_;
  std::deque<Line> pending_;
};

}  // namespace solar
