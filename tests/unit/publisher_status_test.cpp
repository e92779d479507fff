#include "publisher/station.hpp"
#include "publisher/status.hpp"
#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("capacity in days is the room left over what a day needs") {
  QueueStats stats;
  CHECK_FALSE(capacity_days(stats));

  stats.max_bytes = 1000;
  stats.used_bytes = 400;
  stats.bytes_per_day = 300;
  CHECK(capacity_days(stats) == 2.0);

  stats.used_bytes = 2000;
  CHECK(capacity_days(stats) == 0.0);
}

TEST_CASE("what send prints and its exit status follow from the answer") {
  CHECK(send_verdict(R"({"accepted":"0-1"})").final == false);
  CHECK(send_verdict(R"({"accepted":"0-1"})").status == 1);

  const SendVerdict confirmed = send_verdict(R"({"confirmed":"0-1"})");
  CHECK(confirmed.final);
  CHECK(confirmed.status == 0);
  CHECK(confirmed.text == "Sync successful id=0-1");

  CHECK(send_verdict(R"({"kept":"0-1"})").status == 1);
  CHECK(send_verdict(R"({"refused":"no","id":"0-1"})").status == 1);
  CHECK(send_verdict(R"({"error":"full","status":75})").status == 75);
  CHECK(send_verdict("rubbish").status == 1);
}

}  // namespace solar
