#include "shared/http_address.hpp"

#include "tests/support/catch.hpp"

namespace solar {
namespace {

HttpAddress parsed(std::string_view text) { return std::get<HttpAddress>(parse_http_address(text)); }

std::string why_not(std::string_view text) { return to_line(std::get<Problem>(parse_http_address(text))); }

}  // namespace

TEST_CASE("an address to listen at is an IP address and a port") {
  CHECK(parsed("0.0.0.0:8080") == HttpAddress{.host = "0.0.0.0", .port = 8080});
  CHECK(parsed("localhost:1") == HttpAddress{.host = "127.0.0.1", .port = 1});
  CHECK(parsed("[::]:65535") == HttpAddress{.host = "::", .port = 65535});
  CHECK(parsed("127.0.0.1:0") == HttpAddress{.host = "127.0.0.1", .port = 0});
}

TEST_CASE("an address that is none gets one line that says what to write") {
  const std::string advice = "; give an address and a port, as in 127.0.0.1:8080 or [::1]:8080, or off";

  CHECK(why_not("8080") == "no port: \"8080\"" + advice);
  CHECK(why_not("0.0.0.0:") == "not a port, 0 to 65535: \"0.0.0.0:\"" + advice);
  CHECK(why_not("0.0.0.0:65536") == "not a port, 0 to 65535: \"0.0.0.0:65536\"" + advice);
  CHECK(why_not("0.0.0.0:-1") == "not a port, 0 to 65535: \"0.0.0.0:-1\"" + advice);
  CHECK(why_not("0.0.0.0:80x") == "not a port, 0 to 65535: \"0.0.0.0:80x\"" + advice);
  CHECK(why_not(":8080") == "not an address to listen at: \":8080\"" + advice);
  CHECK(why_not("example.org:8080") == "not an address to listen at: \"example.org:8080\"" + advice);
  CHECK(why_not("::1:8080") == "not an address to listen at: \"::1:8080\"" + advice);
  CHECK(why_not("[127.0.0.1]:8080") == "not an address to listen at: \"[127.0.0.1]:8080\"" + advice);
  CHECK(why_not("http://0.0.0.0:8080") == "not an address to listen at: \"http://0.0.0.0:8080\"" + advice);
}

TEST_CASE("an address is written as it is read") {
  for (const char* text : {"0.0.0.0:8080", "[::1]:8080", "127.0.0.1:0"}) CHECK(to_string(parsed(text)) == text);
}

TEST_CASE("who listens at all addresses is found at the loopback address") {
  CHECK(to_string(local(parsed("0.0.0.0:8080"))) == "127.0.0.1:8080");
  CHECK(to_string(local(parsed("[::]:8080"))) == "[::1]:8080");
  CHECK(to_string(local(parsed("[0:0::0]:8080"))) == "[::1]:8080");
  CHECK(to_string(local(parsed("10.0.0.7:8080"))) == "10.0.0.7:8080");
}

TEST_CASE("http-listen is an address or off") {
  std::optional<HttpAddress> target = HttpAddress{.host = "0.0.0.0", .port = 8080};
  const Setting setting = http_listen_setting(target);

  CHECK(setting.default_text == "0.0.0.0:8080");
  CHECK_FALSE(setting.assign("off"));
  CHECK_FALSE(target);
  CHECK_FALSE(setting.assign("127.0.0.1:9"));
  CHECK(to_string(*target) == "127.0.0.1:9");
  CHECK(setting.assign("9"));
  CHECK_FALSE(setting.assign(""));
  CHECK_FALSE(target);
}

}  // namespace solar
