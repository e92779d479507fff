#include "forwarder/http_sink.hpp"
#include "tests/support/catch.hpp"

using namespace solar;

TEST_CASE("central's address is an http or https URL with a host") {
  for (const auto* const right : {"http://h", "https://h/api/solar", "http://[::1]:8000/api", "http://h:80/a@b?x=@"}) {
    INFO(right);
    CHECK(central_url_problem(right) == std::nullopt);
  }
  for (const auto* const wrong : {"", "h:8000", "ftp://h/", "http://", "http:///h/", "http:////h/", "http:/h/",
                                  "http://h:x/", "http://h:65536/", "http://a b/"}) {
    INFO(wrong);
    REQUIRE(central_url_problem(wrong));
    CHECK(central_url_problem(wrong)->what == "not central's URL");
  }
}

TEST_CASE("a password in central's address is refused wherever curl would find it, and not repeated") {
  for (const auto* const url :
       {"http://user:secret@host/", "https://user:secret@host", "http:///user:secret@host/",
        "http:////user:secret@host/", "http://user:secret/secret@host/", "http://user:secret?@host/",
        "http://user:secret#@host/", "http://secret@host/", "http://:secret@host/", "HTTP://user:secret@host/",
        "user:secret@host", "http:/user:secret@host/"}) {
    INFO(url);
    const auto problem = central_url_problem(url);

    REQUIRE(problem);
    CHECK(problem->what == "no user name and no password belongs into an address");
    CHECK(to_line(*problem).find("secret") == std::string::npos);
  }
}
