// The ledger that judges a round: what it must not take for good.
#include <algorithm>
#include <filesystem>

#include "tests/fault/kinds/trial.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/net.hpp"

namespace solar::test {
namespace {

void post(const Trial& trial, std::string_view body) {
  REQUIRE(http(trial.central.port(), "POST", "/api/solar", body, "Idempotency-Key: \"Buea/main/1\"\r\n"));
}

bool complains(const Tally& tally, std::string_view of) {
  return std::ranges::any_of(tally.complaints, [&](const auto& text) { return text.find(of) != std::string::npos; });
}

}  // namespace

TEST_CASE("a round in which a key came with another body is bad, also where central was killed since") {
  const bool killed = GENERATE(false, true);
  std::filesystem::path kept;
  {
    Trial trial{{.villages = 0, .forwarders = 0}};
    kept = trial.path("");
    post(trial, R"({"village":"Buea","power_kw":1})");
    post(trial, R"({"village":"Buea","power_kw":2})");
    if (killed) {
      trial.kill_central();
      trial.central.start();
    }

    CHECK(complains(trial.conclude(), "a key came with another body"));
  }
  std::filesystem::remove_all(kept);
}

}  // namespace solar::test
