// Central's name is asked for, and no name server answers.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/net.hpp"

namespace solar::test {
namespace {

constexpr auto kServer = "127.0.0.77";  // of its own, so that no name server of the machine's is in the way

/// Takes every question and answers none. Invalid where nobody may have the port of name servers.
Socket silent_name_server() {
  Socket socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  ::inet_pton(AF_INET, kServer, &address.sin_addr);
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) socket.close();
  return socket;
}

}  // namespace

TEST_CASE("a name that does not resolve in time holds nobody up until it does") {
  const auto server = silent_name_server();
  const TemporaryDirectory folder;
  write_file(folder.path() / "resolv.conf", std::string{"nameserver "} + kServer + "\noptions timeout:30 attempts:1\n");
  const auto command =
      "mount --bind " + (folder.path() / "resolv.conf").string() + " /etc/resolv.conf && exec " +
      sibling("solar-forwarder").string() +
      " check --broker-url mqtt://127.0.0.1:9 --api-url http://central.example:9/ --request-timeout 1s";
  if (!server.valid() || run({"unshare", {"--mount", "true"}, {}}).exit.status != 0) {
    WARN("skipped: a name server and mounts of one's own need root");
    return;
  }

  const auto finished = run({"unshare", {"--mount", "sh", "-c", command}, {}}, std::chrono::seconds{15});

  INFO(finished.output << finished.log);
  CHECK(finished.output.find("no connection to central.example:9 in time") != std::string::npos);
  CHECK_FALSE(finished.exit.by_signal);
}

}  // namespace solar::test
