#include "shared/name_lookup.hpp"

#include <atomic>
#include <future>

#include "tests/support/catch.hpp"

namespace solar {

TEST_CASE("an address is known at once, and nobody is called") {
  const auto host = GENERATE("127.0.0.1", "::1");
  bool called = false;

  const NameLookup lookup{host, "1883", [&] { called = true; }};

  CHECK(lookup.result() == 0);
  CHECK(lookup.addresses());
  CHECK_FALSE(called);
}

TEST_CASE("a name is resolved on another thread, which tells when it is done") {
  const int answer = GENERATE(0, EAI_NONAME);
  std::promise<void> go;
  std::promise<void> done;
  const NameLookup lookup{"broker.example", "1883", [&] { done.set_value(); },
                          [&, answer](const char*, const char* port, const addrinfo* hints, addrinfo** found) {
                            go.get_future().wait();
                            return answer == 0 ? ::getaddrinfo("127.0.0.1", port, hints, found) : answer;
                          }};
  CHECK(lookup.result() == std::nullopt);

  go.set_value();
  done.get_future().wait();

  CHECK(lookup.result() == answer);
  CHECK((lookup.addresses() != nullptr) == (answer == 0));
}

TEST_CASE("who drops a lookup does not wait for it, and hears no more of it") {
  std::promise<void> go;
  auto ended = std::make_shared<std::promise<void>>();
  std::atomic<bool> called{};
  {
    const NameLookup lookup{"broker.example", "1883", [&] { called = true; },
                            // Its last copy goes with the thread.
                            [gone = std::shared_ptr<void>{nullptr, [ended](void*) { ended->set_value(); }},
                             wait = go.get_future().share()](const char*, const char*, const addrinfo*, addrinfo**) {
                              wait.wait();
                              return 0;
                            }};
  }

  go.set_value();
  ended->get_future().wait();

  CHECK_FALSE(called);
}

}  // namespace solar
