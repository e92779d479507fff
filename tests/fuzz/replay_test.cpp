// Every input that was ever worth keeping, again: the corpus holds examples and all that fuzzing found.
#include <filesystem>

#include "tests/fuzz/targets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

namespace solar::test {

TEST_CASE("no input of the corpus breaks a promise") {
  for (const FuzzTarget& target : fuzz_targets()) {
    const std::filesystem::path folder = std::filesystem::path{SOLAR_FUZZ_CORPUS} / target.name;
    std::size_t inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      INFO(entry.path().string());
      REQUIRE_NOTHROW(target.run(read_file(entry.path())));
      ++inputs;
    }
    INFO(folder.string());
    CHECK(inputs >= 5);
  }
}

TEST_CASE("no input of the corpus breaks a promise when it is cut or damaged anywhere") {
  for (const FuzzTarget& target : fuzz_targets()) {
    for (const auto& entry :
         std::filesystem::directory_iterator{std::filesystem::path{SOLAR_FUZZ_CORPUS} / target.name}) {
      const std::string whole = read_file(entry.path());
      const std::size_t step = 1 + whole.size() / 64;
      for (std::size_t at = 0; at < whole.size(); at += step) {
        INFO(entry.path().string() << " at " << at);
        REQUIRE_NOTHROW(target.run(std::string_view{whole}.substr(0, at)));
        std::string damaged = whole;
        damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << (at % 8)));
        REQUIRE_NOTHROW(target.run(damaged));
      }
    }
  }
}

}  // namespace solar::test
