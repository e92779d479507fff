// libFuzzer's way in: searches for bytes on which the target named by SOLAR_FUZZ_TARGET breaks a promise.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/targets.hpp"

namespace {

solar::test::FuzzTarget chosen() {
  const char* name = std::getenv("SOLAR_FUZZ_TARGET");
  for (const auto& target : solar::test::fuzz_targets()) {
    if (name != nullptr && target.name == name) return target;
  }
  std::fputs("fuzz: set SOLAR_FUZZ_TARGET to one of:", stderr);
  for (const auto& target : solar::test::fuzz_targets()) std::fprintf(stderr, " %s", target.name.data());
  std::fputs("\n", stderr);
  std::exit(2);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const solar::test::FuzzTarget target = chosen();
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
