#include "shared/control_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <future>
#include <system_error>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {
namespace {

constexpr Millis kLong{5'000};  // less than the server's own patience

void echo(std::string_view request, const ControlServer::WriteLine& write_line) { write_line(request); }

/// The first line of the answer to `request`.
std::optional<std::string> ask(const std::filesystem::path& path, std::string_view request) {
  auto client = ControlClient::connect(path);
  if (!client || !client->write_line(request)) return std::nullopt;
  return client->read_line(kLong);
}

}  // namespace

TEST_CASE("a request is answered with any number of lines") {
  const TemporaryFolder folder;
  const ControlServer server{folder / "s", [](std::string_view request, const auto& write_line) {
                               write_line("you said");
                               write_line(request);
                             }};

  auto client = ControlClient::connect(folder / "s");

  REQUIRE(client);
  REQUIRE(client->write_line(R"({"command":"status"})"));
  CHECK(client->read_line(kLong) == "you said");
  CHECK(client->read_line(kLong) == R"({"command":"status"})");
  CHECK(client->read_line(kLong) == std::nullopt);
}

TEST_CASE("a client learns that nobody listens") {
  const TemporaryFolder folder;
  CHECK_FALSE(ControlClient::connect(folder / "s"));

  { const ControlServer server{folder / "s", echo}; }

  CHECK_FALSE(ControlClient::connect(folder / "s"));
  CHECK_FALSE(std::filesystem::exists(folder / "s"));
}

TEST_CASE("a socket is for its owner alone") {
  const TemporaryFolder folder;
  const ControlServer server{folder / "s", echo};

  struct stat file {};
  REQUIRE(::stat((folder / "s").c_str(), &file) == 0);

  CHECK((file.st_mode & 0777U) == 0600U);
}

TEST_CASE("a stale socket of a killed owner is replaced") {
  const TemporaryFolder folder;
  std::ofstream{folder / "s"} << "stale";

  const ControlServer server{folder / "s", echo};

  CHECK(ask(folder / "s", "hello") == "hello");
}

TEST_CASE("a path may be longer than a socket address") {
  const TemporaryFolder folder;
  const auto deep = folder / (std::string(120, 'a') + "/" + std::string(120, 'b'));
  std::filesystem::create_directories(deep);
  const auto path = deep / std::string(200, 'c');

  const ControlServer server{path, echo};

  CHECK(ask(path, "hello") == "hello");
}

TEST_CASE("a socket in a folder that does not exist is an exception") {
  const TemporaryFolder folder;

  CHECK_THROWS_AS((ControlServer{folder / "nowhere/s", echo}), std::system_error);
}

TEST_CASE("a request of up to 16 KiB is answered, a longer one is not") {
  const TemporaryFolder folder;
  const ControlServer server{folder / "s", echo};
  const std::string longest(std::size_t{16} * 1024, 'x');

  CHECK(ask(folder / "s", longest) == longest);
  CHECK(ask(folder / "s", longest + "x") == std::nullopt);
  CHECK(ask(folder / "s", std::string(1'000'000, 'x')) == std::nullopt);
  CHECK(ask(folder / "s", "still there") == "still there");
}

TEST_CASE("a request without end is cut off, not collected") {
  const TemporaryFolder folder;
  const ControlServer server{folder / "s", echo};
  const FileDescriptor client{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder / "s").string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);

  const std::string endless(std::size_t{32} * 1024, 'x');
  (void)::send(client.get(), endless.data(), endless.size(), MSG_NOSIGNAL);

  pollfd closed{client.get(), POLLIN, 0};
  CHECK(::poll(&closed, 1, static_cast<int>(kLong.count())) == 1);
}

TEST_CASE("a client that does not read or goes away does not hold back others") {
  const TemporaryFolder folder;
  const ControlServer server{folder / "s", echo};
  const auto silent = ControlClient::connect(folder / "s");
  {
    auto gone = ControlClient::connect(folder / "s");
    REQUIRE(gone->write_line("nobody waits for this"));
  }

  CHECK(ask(folder / "s", "hello") == "hello");
}

TEST_CASE("many requests at once are all answered") {
  const TemporaryFolder folder;
  const ControlServer server{folder / "s", echo};
  std::vector<std::future<std::optional<std::string>>> answers;

  for (int i = 0; i < 40; ++i) {
    answers.push_back(std::async(std::launch::async, [&, i] { return ask(folder / "s", std::to_string(i)); }));
  }

  for (std::size_t i = 0; i < answers.size(); ++i) CHECK(answers[i].get() == std::to_string(i));
}

TEST_CASE("an answer that does not come in time is none") {
  const TemporaryFolder folder;
  std::promise<void> ended;
  const auto end = ended.get_future().share();
  const ControlServer server{folder / "s", [&](std::string_view, const auto&) { end.wait(); }};
  auto client = ControlClient::connect(folder / "s");
  REQUIRE(client->write_line("a question that takes long"));

  CHECK(client->read_line(Millis{1}) == std::nullopt);

  ended.set_value();
}

TEST_CASE("an ending server closes its connections and waits for its handlers") {
  const TemporaryFolder folder;
  std::promise<void> asked;
  std::atomic<bool> handled{};
  auto server = std::make_unique<ControlServer>(folder / "s", [&](std::string_view, const auto& write_line) {
    asked.set_value();
    while (write_line("still here")) {
    }
    handled = true;
  });
  auto client = ControlClient::connect(folder / "s");
  REQUIRE(client->write_line("talk"));
  asked.get_future().wait();

  server.reset();

  CHECK(handled);
}

}  // namespace solar
