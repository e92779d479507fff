#include "shared/checksum.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace solar;

TEST_CASE("the checksum is zlib's CRC-32") {
  CHECK(checksum("") == 0);
  CHECK(checksum("123456789") == 0xCBF43926U);
  CHECK(checksum(std::string(3, '\0')) == 0xFF41D912U);
}
