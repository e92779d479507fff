#include "publisher/line_splitter.hpp"

#include <utility>

namespace solar {

std::vector<Line> LineSplitter::feed(std::string_view bytes) {
  std::vector<Line> lines;
  while (true) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    add(bytes.substr(0, end));
    lines.push_back(take());
    bytes.remove_prefix(end + 1);
  }
  add(bytes);
  return lines;
}

std::vector<Line> LineSplitter::finish() {
  if (partial_.empty() && !too_long_) return {};
  return {take()};
}

void LineSplitter::add(std::string_view part) {
  const std::size_t room = max_bytes_ - partial_.size();
  too_long_ = too_long_ || part.size() > room;
  partial_.append(part.substr(0, room));
}

Line LineSplitter::take() { return {.text = std::exchange(partial_, {}), .too_long = std::exchange(too_long_, false)}; }

}  // namespace solar
