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
