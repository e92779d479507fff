#include "shared/credential_path.hpp"

#include <stdlib.h>

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {
namespace {

/// The folder that a service manager tells of.
class Handed {
 public:
  Handed() { ::setenv("CREDENTIALS_DIRECTORY", (folder_ / "").c_str(), 1); }
  ~Handed() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
  Handed(const Handed&) = delete;
  Handed& operator=(const Handed&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void put(const std::string& name) const { std::ofstream{folder_ / name} << "secret"; }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("a file that the service manager handed over is read there, named by its folder and its name") {
  const Handed handed;
  handed.put("publisher-credentials_client.key");

  CHECK(credential_path("/etc/solar-sync/publisher-credentials/client.key") ==
        handed.path("publisher-credentials_client.key"));
}

TEST_CASE("a file that was not handed over is read where it is") {
  const Handed handed;
  handed.put("publisher-credentials_client.key");

  CHECK(credential_path("/etc/solar-sync/publisher-credentials/other.key") ==
        "/etc/solar-sync/publisher-credentials/other.key");
  CHECK(credential_path("/etc/ssl/client.key") == "/etc/ssl/client.key");
  CHECK(credential_path("client.key") == "client.key");
  CHECK(credential_path("").empty());
}

TEST_CASE("without a service manager every file is read where it is") {
  CHECK(credential_path("/etc/solar-sync/publisher-credentials/client.key") ==
        "/etc/solar-sync/publisher-credentials/client.key");
}

}  // namespace solar
