// MqttSession over TLS, against a real Mosquitto.
#include <string>

#include "shared/mqtt_session.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/watched_session.hpp"

using namespace solar;
using namespace solar::test;

namespace {

/// A certificate for `host` that is its own authority.
void make_certificate(const std::filesystem::path& folder, const std::string& name, const std::string& host) {
  const auto made = run({"openssl",
                         {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                          "-days", "2", "-subj", "/CN=" + host, "-addext", "subjectAltName=DNS:" + host, "-keyout",
                          folder / (name + ".key"), "-out", folder / (name + ".crt")},
                         {}});
  REQUIRE(made.exit.status == 0);
}

struct TlsBroker {
  explicit TlsBroker(const std::string& host) {
    make_certificate(folder.path(), "server", host);
    const auto file = (folder.path() / "server").string();
    broker.emplace(folder.path() / "broker", "certfile " + file + ".crt\nkeyfile " + file + ".key\n");
  }
  [[nodiscard]] MqttOptions options() const {
    auto o = quick_options("mqtts://localhost:" + std::to_string(broker->port()));
    o.ca_file = folder.path() / "server.crt";
    return o;
  }

  TemporaryDirectory folder;
  std::optional<Broker> broker;
};

}  // namespace

TEST_CASE("a session over TLS connects where the certificate is for that host and of a known authority") {
  const TlsBroker tls{"localhost"};
  WatchedSession session{tls.options()};

  CHECK(session.next<Connected>());
}

TEST_CASE("a broker with another host's certificate is not trusted") {
  const TlsBroker tls{"another.example"};
  WatchedSession session{tls.options()};

  const auto why = session.next<Disconnected>();

  REQUIRE(why);
  CHECK(why->why.find("the certificate of localhost is for another host: another.example") != std::string::npos);
  CHECK(session.count<Connected>() == 0);
}

TEST_CASE("a broker of an unknown authority is not trusted") {
  const TlsBroker tls{"localhost"};
  make_certificate(tls.folder.path(), "other", "localhost");
  auto options = tls.options();
  options.ca_file = tls.folder.path() / "other.crt";
  WatchedSession session{options};

  CHECK(session.next<Disconnected>());
  CHECK(session.count<Connected>() == 0);
}
