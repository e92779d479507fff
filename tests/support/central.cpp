#include "tests/support/central.hpp"

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "tests/support/net.hpp"

namespace solar::test {
namespace {

using nlohmann::json;

// A line is {"n":1,"key":"..","received_at":"..","reading":<body>}: the body is cut out, not written anew.
StoredReading to_stored(const std::string& line) {
  static constexpr std::string_view kMark = ",\"reading\":";
  const std::size_t at = line.find(kMark);
  if (at == std::string::npos) throw std::runtime_error{"not a line of central: " + line};
  const std::size_t begin = at + kMark.size();
  return {json::parse(line).at("key").get<std::string>(), line.substr(begin, line.size() - begin - 1)};
}

std::string as_text(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

}  // namespace

Central::Central(std::filesystem::path folder, std::vector<std::string> extra_arguments, std::string host)
    : folder_{std::move(folder)},
      port_{free_port()},
      extra_arguments_{std::move(extra_arguments)},
      host_{std::move(host)} {
  std::filesystem::create_directories(folder_);
  start();
}

void Central::start() {
  Command command{sibling("solar-central"),
                  {"--listen", host_ + ":" + std::to_string(port_), "--database", (folder_ / "central.db").string(),
                   "--test-control"},
                  {}};
  command.arguments.insert(command.arguments.end(), extra_arguments_.begin(), extra_arguments_.end());
  process_.emplace(command, folder_ / "central.log");
  const auto up_or_gone = [this] { return connect_to(port_).valid() || !process_->running(); };
  if (!eventually(up_or_gone) || !process_->running())
    throw std::runtime_error{"central does not start: " + process_->log()};
}

void Central::stop() { process_->stop(); }
void Central::kill() { process_->kill(); }

void Central::fail(std::string_view fault) {
  const auto answer = http(port_, "POST", "/test/fault", fault);
  if (!answer || answer->status != 200) throw std::runtime_error{"central takes no fault: " + std::string{fault}};
}

void Central::answer_always(int status) { fail(R"({"status":)" + std::to_string(status) + R"(,"count":-1})"); }
void Central::heal() { fail(R"({"count":0})"); }

std::optional<Counts> Central::counts() const {
  const auto answer = http(port_, "GET", "/api/solar/count");
  if (!answer || answer->status != 200) return std::nullopt;
  const json counts = json::parse(answer->body);
  return Counts{counts.at("readings"), counts.at("posts"), counts.at("duplicates"), counts.at("differences")};
}

std::uint64_t Central::readings() const { return counts().value_or(Counts{}).readings; }

std::vector<StoredReading> Central::stored(std::string_view village) const {
  const std::string target = village.empty() ? "/api/solar" : "/api/solar?village=" + std::string{village};
  const auto answer = http(port_, "GET", target, {}, {}, std::chrono::milliseconds{60'000});
  if (!answer || answer->status != 200) throw std::runtime_error{"central does not list"};
  std::vector<StoredReading> all;
  std::istringstream lines{answer->body};
  for (std::string line; std::getline(lines, line);) all.push_back(to_stored(line));
  return all;
}

std::vector<std::string> Central::values(const std::string& name) const {
  std::vector<std::string> found;
  for (const StoredReading& reading : stored()) {
    const json body = json::parse(reading.body);
    if (body.contains(name)) found.push_back(as_text(body[name]));
  }
  return found;
}

bool Central::gets(std::uint64_t count, std::chrono::milliseconds patience) const {
  return eventually([&] { return readings() >= count; }, patience, std::chrono::milliseconds{20});
}

}  // namespace solar::test
