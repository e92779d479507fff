// The programs under test as fixtures: real processes with short timers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/broker.hpp"
#include "tests/support/central.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/process.hpp"

namespace solar::test {

using Flags = std::vector<std::string>;
using Environment = std::vector<std::pair<std::string, std::string>>;

/// A `solar-publisher` with an outbox of its own, fed by lines. Owner: one thread.
class Publisher {
 public:
  struct Options {
    std::string broker_url;
    std::string village{"Bamenda"};
    std::string device{"main"};
    Flags extra{};  ///< after the fixture's own flags: they win where a flag stands twice
    bool follow{true};
    std::filesystem::path standard_input{};  ///< empty: fed by `feed`
    Environment environment{};
    std::filesystem::path disk{};  ///< where the outbox lies; empty: in `folder`
    Flags wrapper{};               ///< what `run`'s command line begins with, before the program
  };

  /// Nothing runs yet. `folder` is made; it holds all that the process says, and the outbox.
  Publisher(std::filesystem::path folder, Options options);

  void start();
  void kill() { process_->kill(); }
  Exit stop() { return process_->stop(); }
  void feed(std::string_view line);
  /// Numbered readings `{"power_kw":<n>,"n":<n>}` from `first` on.
  void feed_numbers(int first, int count);
  void end_input() { process_->close_input(); }

  /// The ids that it said it committed, over all its runs.
  [[nodiscard]] std::vector<std::string> accepted() const;
  [[nodiscard]] bool accepts(std::size_t count, std::chrono::milliseconds patience = kPatience) const;

  /// A command on the same outbox: "status", "send", "refused"...
  [[nodiscard]] Finished command(Flags words, std::chrono::milliseconds patience = kPatience) const;
  /// A field of `status --json` as text; empty where there is none. What the command logs goes to the program's log.
  [[nodiscard]] std::string status(const std::string& field) const;

  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path outbox() const {
    return (options_.disk.empty() ? folder_ : options_.disk) / "outbox.db";
  }
  [[nodiscard]] Options& options() { return options_; }

 private:
  [[nodiscard]] Flags common_flags() const;
  std::filesystem::path folder_;
  Options options_;
  std::optional<Process> process_;
};

/// A `solar-forwarder` with an inbox of its own. Owner: one thread.
class Forwarder {
 public:
  struct Options {
    std::string broker_url;
    std::string api_url;
    std::string client_id{"forwarder-0"};
    Flags extra{};
    Flags wrapper{};  ///< as a publisher's
    Environment environment{};
    std::filesystem::path disk{};  ///< where the inbox lies; empty: in the fixture's folder
  };

  Forwarder(std::filesystem::path folder, Options options);

  /// Starts it and waits until it is subscribed.
  void start();
  void start_without_waiting();
  void kill() { process_->kill(); }
  Exit stop() { return process_->stop(); }
  [[nodiscard]] Finished command(Flags words) const;
  /// As a publisher's.
  [[nodiscard]] std::string status(const std::string& field) const;

  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path inbox() const {
    return (options_.disk.empty() ? folder_ : options_.disk) / "inbox.db";
  }
  [[nodiscard]] Options& options() { return options_; }

 private:
  [[nodiscard]] Flags common_flags() const;
  std::filesystem::path folder_;
  Options options_;
  std::optional<Process> process_;
};

/// The field `name` of a JSON object as text; empty where there is none.
[[nodiscard]] std::string json_field(const std::string& object, const std::string& name);

/// The whole road in one folder: broker, central, forwarder, publisher; the last two not yet started.
struct Road {
  TemporaryDirectory folder;
  Broker broker{folder.path() / "broker"};
  Central central{folder.path() / "central"};
  Forwarder forwarder{folder.path() / "forwarder", {broker.url(), central.url()}};
  Publisher publisher{folder.path() / "publisher", {broker.url()}};

  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return folder.path() / name; }
  void start() {
    forwarder.start();
    publisher.start();
  }
  /// Whether central has every reading that the publisher accepted, in time.
  [[nodiscard]] bool all_arrive(std::chrono::milliseconds patience = std::chrono::milliseconds{60'000}) const;
  /// Whether the publisher's outbox becomes empty, in time.
  [[nodiscard]] bool outbox_drains(std::chrono::milliseconds patience = std::chrono::milliseconds{60'000}) const;
};

}  // namespace solar::test
