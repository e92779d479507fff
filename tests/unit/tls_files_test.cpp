#include "shared/tls_files.hpp"

#include <sys/stat.h>

#include "shared/secret_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace solar;

TEST_CASE("a FIFO or a folder in the place of a credential is told at once, and not waited for") {
  const TemporaryFolder folder;
  const auto fifo = (folder / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);

  // Each hangs if it waits for a writer.
  CHECK(tls_files_problem({.ca = fifo, .certificate = {}, .key = {}}) ==
        "the CA file " + fifo + " cannot be read: it is no regular file");
  CHECK(tls_files_problem({.ca = {}, .certificate = fifo, .key = {}}) ==
        "the certificate file " + fifo + " cannot be read: it is no regular file");
  CHECK(certificate_dates_problem(fifo, Millis{0}) == std::nullopt);
  CHECK(std::get<Problem>(read_secret("the key file", fifo, 100)).what ==
        "the key file cannot be read: it is no regular file");
  CHECK(tls_files_problem({.ca = (folder / "").string(), .certificate = {}, .key = {}}) ==
        "the CA file " + (folder / "").string() + " cannot be read: Is a directory");
}

TEST_CASE("this machine is known by its name and its numbers, and by nothing that only looks so") {
  for (const auto* const here :
       {"mqtt://localhost", "mqtt://localhost:1883/", "ws://127.0.0.1/mqtt", "http://127.1.2.3:8000/api/solar",
        "http://[::1]:8000/", "http://localhost?x", "mqtt://[::1]"}) {
    CAPTURE(here);
    CHECK(is_loopback(here));
  }
  for (const auto* const elsewhere : {"mqtt://broker:1883", "http://localhost.example/", "http://128.0.0.1/",
                                      "http://127.0.0.1.example/", "http://[::2]/", "http://[fe80::1]:80/",
                                      "http://central/?localhost", "http://central/127.0.0.1", "http://", ""}) {
    CAPTURE(elsewhere);
    CHECK_FALSE(is_loopback(elsewhere));
  }
}

TEST_CASE("a secret beside an address in plain text is a problem, unless the address is this machine's") {
  const auto line = [](const std::string& secret, const std::string& url) {
    const auto problem = tls_settings_problem({}, secret, url.starts_with("http") ? "api-" : "mqtt-", url);
    return problem ? to_line(*problem) : "";
  };

  CHECK(line("token-file", "http://central:8000/api/solar") ==
        "api-token-file is set, but this address is not encrypted: \"http://central:8000/api/solar\"; write https://");
  CHECK(line("password-file", "mqtt://broker") ==
        "mqtt-password-file is set, but this address is not encrypted: \"mqtt://broker\"; write mqtts:// or wss://");
  CHECK(line("password-file", "ws://192.0.2.7/mqtt").find("write mqtts:// or wss://") != std::string::npos);
  for (const auto* const right : {"https://central/", "mqtts://broker", "wss://broker/mqtt", "http://127.0.0.1:1/",
                                  "mqtt://localhost", "ws://[::1]:80/"}) {
    CHECK(line("a-file", right).empty());
  }
  CHECK(line("", "http://central/").empty());
}
