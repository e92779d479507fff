#include "tests/simulation/journal.hpp"

#include <array>
#include <cstdio>

namespace solar::test {

std::string filled_in(std::string_view what, std::initializer_list<std::int64_t> numbers) {
  std::string line;
  const auto* number = numbers.begin();
  for (std::size_t i = 0; i < what.size(); ++i) {
    if (what.substr(i, 2) == "{}" && number != numbers.end()) {
      line += std::to_string(*number++);
      ++i;
    } else {
      line += what[i];
    }
  }
  return line;
}

std::string Journal::clock_text(Millis at) {
  std::array<char, 32> text{};
  const auto ms = static_cast<long long>(at.count());
  std::snprintf(text.data(), text.size(), "%02lld:%02lld:%02lld.%03lld", ms / 3'600'000, ms / 60'000 % 60,
                ms / 1'000 % 60, ms % 1'000);
  return text.data();
}

void Journal::note(std::string_view what, std::initializer_list<std::int64_t> numbers) {
  mix(static_cast<std::uint64_t>(schedule_.now().count()));
  for (const char c : what) mix(static_cast<unsigned char>(c));
  for (const std::int64_t number : numbers) mix(static_cast<std::uint64_t>(number));
  if (has_text()) remark(filled_in(what, numbers));
}

void Journal::remark(std::string_view line) {
  if (!has_text()) return;
  const std::string whole = clock_text(schedule_.now()).append("  ").append(line);
  if (text_ == Text::Printed) std::printf("%s\n", whole.c_str());
  lines_.push_back(whole);
  if (lines_.size() <= kLinesKept) return;
  lines_.pop_front();
  ++lines_dropped_;
}

}  // namespace solar::test
