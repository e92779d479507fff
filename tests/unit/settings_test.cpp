#include "shared/settings.hpp"

#include "tests/support/catch.hpp"

namespace solar {
namespace {

struct Targets {
  std::string village{"Bamenda"};
  Millis timeout{15'000};
  std::uint64_t inbox_max{512ULL << 20U};
  std::uint32_t attempts{5};
  std::string conflict{"retry"};
};

Settings table(Targets& targets) {
  Settings settings;
  settings.add_text("village", targets.village, "name of the village");
  settings.add_duration("request-timeout", targets.timeout, Millis{1'000}, Millis{3'600'000}, "how long");
  settings.add_bytes("inbox-max", targets.inbox_max, 1U << 20U, 1ULL << 40U, "how large");
  settings.add_count("retry-attempts", targets.attempts, 1, 100, "how often");
  settings.add_choice("api-conflict", targets.conflict, {"retry", "stored"}, "what 409 means");
  return settings;
}

/// What the setting `name` says to `text`; empty: it was set.
std::string assign(const Settings& settings, std::string_view name, const std::string& text) {
  for (const Setting& setting : settings.all()) {
    if (setting.name != name) continue;
    const auto problem = setting.assign(text);
    return problem ? to_line(*problem) : "";
  }
  return "no such setting";
}

}  // namespace

TEST_CASE("a setting knows its environment variable") {
  CHECK(environment_name("request-timeout") == "REQUEST_TIMEOUT");
  CHECK(environment_name("village") == "VILLAGE");
}

TEST_CASE("a table tells what each setting may be and what it is by default") {
  Targets targets;
  const Settings settings = table(targets);

  const auto& all = settings.all();
  REQUIRE(all.size() == 5);
  CHECK(all[0].allowed == "text");
  CHECK(all[0].default_text == "Bamenda");
  CHECK(all[1].allowed == "duration, 1s to 1h");
  CHECK(all[1].default_text == "15s");
  CHECK(all[2].allowed == "size, 1MiB to 1024GiB");
  CHECK(all[2].default_text == "512MiB");
  CHECK(all[3].allowed == "number, 1 to 100");
  CHECK(all[3].default_text == "5");
  CHECK(all[4].allowed == "one of retry, stored");
  CHECK(all[4].default_text == "retry");
}

TEST_CASE("a right value is set") {
  Targets targets;
  const Settings settings = table(targets);

  CHECK(assign(settings, "village", "Mont Fébé").empty());
  CHECK(assign(settings, "request-timeout", "1h").empty());
  CHECK(assign(settings, "inbox-max", "1MiB").empty());
  CHECK(assign(settings, "retry-attempts", "100").empty());
  CHECK(assign(settings, "api-conflict", "STORED").empty());

  CHECK(targets.village == "Mont Fébé");
  CHECK(targets.timeout == Millis{3'600'000});
  CHECK(targets.inbox_max == 1U << 20U);
  CHECK(targets.attempts == 100);
  CHECK(targets.conflict == "stored");
}

TEST_CASE("a switch is yes or no, true or false") {
  bool follow = false;
  Settings settings;
  settings.add_switch("follow", follow, "stay");
  CHECK(settings.all().front().default_text == "no");

  CHECK(assign(settings, "follow", "Yes").empty());
  CHECK(follow);
  CHECK(assign(settings, "follow", "false").empty());
  CHECK_FALSE(follow);
  CHECK(assign(settings, "follow", "true").empty());
  CHECK(assign(settings, "follow", "1") == "neither yes nor no: \"1\"");
  CHECK(follow);
}

TEST_CASE("a wrong value is a problem and changes nothing") {
  Targets targets;
  const Settings settings = table(targets);

  CHECK(assign(settings, "request-timeout", "15").starts_with("the unit is missing: \"15\""));
  CHECK(assign(settings, "request-timeout", "999ms") == "too small: \"999ms\"");
  CHECK(assign(settings, "request-timeout", "61min") == "too large: \"61min\"");
  CHECK(assign(settings, "inbox-max", "0B") == "too small: \"0B\"");
  CHECK(assign(settings, "retry-attempts", "0") == "too small: \"0\"");
  CHECK(assign(settings, "retry-attempts", "99999999999") == "too large: \"99999999999\"");
  CHECK(assign(settings, "retry-attempts", "-1") == "not a whole number: \"-1\"");
  CHECK(assign(settings, "retry-attempts", "5 ") == "not a whole number: \"5 \"");
  CHECK(assign(settings, "retry-attempts", "") == "not a whole number");
  CHECK(assign(settings, "api-conflict", "keep") == "no such choice: \"keep\"");

  CHECK(targets.timeout == Millis{15'000});
  CHECK(targets.inbox_max == 512U << 20U);
  CHECK(targets.attempts == 5);
  CHECK(targets.conflict == "retry");
}

}  // namespace solar
