// Root at a gateway whose publisher runs as another user, as the packages have it.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace solar::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

Flags joined(Flags flags, const Flags& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

/// A folder of nobody's, behind one that only root may enter, as /var/lib/private is; one secret that is root's.
struct Gateway {
  TemporaryDirectory behind;
  fs::path folder{behind.path() / "outbox"};
  fs::path outbox{folder / "outbox.db"};
  fs::path program{behind.path() / "solar-publisher"};  // where the build is, nobody may have no way
  fs::path password{behind.path() / "password"};

  Gateway() {
    fs::create_directory(folder);
    give_away(folder);
    fs::copy(sibling("solar-publisher"), program);
    write_secret(password, "only root's");
  }
  static void give_away(const fs::path& path) { REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0); }
  void damage() const {
    write_file(outbox, std::string(10'000, '#'));
    give_away(outbox);
  }
  [[nodiscard]] Flags flags() const {
    return {"--village", "Bamenda", "--broker-url", "mqtts://127.0.0.1:1", "--outbox-path", outbox.string()};
  }
  [[nodiscard]] Finished as_root(const Flags& words) const { return run({program, joined(words, flags()), {}}); }
  /// What the service would do; whether it begins.
  [[nodiscard]] bool runs_as_nobody() const {
    fs::permissions(behind.path(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    const Flags words =
        joined({"--reuid=nobody", "--regid=nogroup", "--clear-groups", program.string(), "run"}, flags());
    Process process{{"setpriv", joined(words, {"--follow"}), {}}, behind.path() / "log"};
    const bool runs = process.wait_for_line("no connection to the broker").has_value();
    INFO(process.log());
    CHECK(runs);
    return runs && process.stop() == Exit{0, false};
  }
  [[nodiscard]] bool all_is_nobodys() const {
    Flags others;
    for (const auto& entry : fs::directory_iterator{folder}) {
      struct stat status {};
      REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
      if (status.st_uid != kNobody || status.st_gid != kNobody) others.push_back(entry.path().filename());
    }
    CAPTURE(others);
    CHECK(others.empty());
    return others.empty();
  }
};

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("skipped: only root can be another user");
  return false;
}

}  // namespace

TEST_CASE("what root looks at or sends while a publisher is stopped stays its user's") {
  if (!is_root()) return;
  const Gateway gateway;
  const Flags send{"send", R"({"power_kw":1})", "--timeout", "0s"};

  SECTION("a new outbox") { CHECK(gateway.as_root(send).exit.status == 1); }
  SECTION("a damaged outbox, looked at") {
    gateway.damage();
    CHECK(gateway.as_root({"status"}).exit.status == 0);
    CHECK(fs::exists(gateway.folder / "outbox.db.damaged-1"));
  }
  SECTION("a damaged outbox, sent to, with a password that is root's") {
    gateway.damage();
    const auto sent = gateway.as_root(
        joined(send, {"--mqtt-username", "Bamenda", "--mqtt-password-file", gateway.password.string()}));
    CHECK(sent.log.find("cannot be read") == std::string::npos);
  }

  CHECK(fs::exists(gateway.folder / "outbox.db.lock"));
  CHECK(gateway.all_is_nobodys());
  CHECK(gateway.runs_as_nobody());
}

TEST_CASE("an inbox that root looks at stays its user's, damaged or not") {
  if (!is_root()) return;
  const Gateway gateway;
  gateway.damage();

  const auto status = run({sibling("solar-forwarder"),
                           {"status", "--broker-url", "mqtts://127.0.0.1:1", "--api-url", "http://127.0.0.1:1/",
                            "--inbox-path", gateway.outbox.string()},
                           {}});

  INFO(status.log);
  CHECK(status.exit.status == 0);
  CHECK(fs::exists(gateway.folder / "outbox.db.damaged-1"));
  CHECK(gateway.all_is_nobodys());
}

}  // namespace solar::test
