#pragma once

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/settings.hpp"
#include "tests/support/environment_variable.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace solar {

using test::Variable;

/// What is written to `descriptor` while this lives.
class Captured {
 public:
  explicit Captured(std::FILE* stream) : stream_{stream}, original_{::dup(::fileno(stream))} {
    std::fflush(stream_);
    ::dup2(::fileno(file_), ::fileno(stream_));
  }
  ~Captured() {
    std::fflush(stream_);
    ::dup2(original_, ::fileno(stream_));
    ::close(original_);
    std::fclose(file_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  [[nodiscard]] std::string text() const {
    std::fflush(stream_);
    std::string text(64 * 1024, '\0');
    text.resize(static_cast<std::size_t>(::pread(::fileno(file_), text.data(), text.size(), 0)));
    return text;
  }

 private:
  std::FILE* stream_;
  int original_;
  std::FILE* file_ = std::tmpfile();
};

/// A program with two settings and the commands run, send, status, refused list and refused retry.
struct Program {
  std::string village{"Bamenda"};
  Millis request_timeout{15'000};
  bool follow{};
  Millis wait{60'000};
  std::string config_file;
  std::string out;
  std::string err;

  /// The command and what it got, or the exit status.
  std::variant<Invocation, int> run(std::vector<const char*> words) {
    Settings settings;
    settings.add_text("test-village", village, "name of the village");
    settings.add_duration("test-timeout", request_timeout, Millis{1'000}, Millis{3'600'000},
                          "how long a POST may take");
    settings.add_switch("test-follow", follow, "stay at the end");
    Settings of_send;
    of_send.add_duration("wait", wait, Millis{0}, Millis{3'600'000}, "how long to wait");
    const CommandLine line{
        .program = "solar-test",
        .version = "1.2.3",
        .about = "Tests command lines.",
        .commands = {{"run", "runs", {}, {}, {}},
                     {"send", "sends", {{"READING", "JSON"}}, of_send.all(), {}},
                     {"status", "shows", {}, {}, {{"json", "as JSON"}}},
                     {"refused list", "lists", {}, {}, {}},
                     {"refused retry", "retries", {{"ID", "whose"}}, {}, {}},
                     settings_command()},
        .settings = &settings,
        .footer =
            "A line that ends where it is told to, long before it is full.\nThe end, whole and on a line of its own.",
        .config_file = config_file};
    words.insert(words.begin(), "solar-test");
    const Captured captured_out{stdout};
    const Captured captured_err{stderr};
    auto result = parse_command_line(line, static_cast<int>(words.size()), words.data());
    out = captured_out.text();
    err = captured_err.text();
    return result;
  }

  Invocation invocation(std::vector<const char*> words) { return std::get<Invocation>(run(std::move(words))); }
  int status(std::vector<const char*> words) { return std::get<int>(run(std::move(words))); }
};

/// A settings file in a folder of its own, named by CONFIG.
struct ConfigFile {
  explicit ConfigFile(const std::string& text) : variable{"CONFIG", (folder / "config.toml").string()} {
    std::ofstream{folder / "config.toml"} << text;
  }
  TemporaryFolder folder;
  Variable variable;
};

}  // namespace solar
