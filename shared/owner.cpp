#include "shared/owner.hpp"

#include "shared/database_failure.hpp"
#include "shared/service.hpp"

namespace solar {

namespace {

constexpr Millis kAnswerPatience{60'000};

}  // namespace

std::filesystem::path socket_path(const std::filesystem::path& database) { return database.string() + ".sock"; }

void answer_or_end(const std::filesystem::path& database, const ControlServer::WriteLine& write_line,
                   const std::function<void()>& answer) {
  try {
    answer();
  } catch (const SqliteError& error) {
    if (error.kind() != SqliteError::Kind::Full) end_process(error, database);
    write_line(R"({"error":"no room on the disk for this; nothing was changed","status":75})");
  }
}

std::optional<Problem> ask(const QueueOptions& options, const std::string& request, const Answer& answer,
                           const std::function<void(std::string_view line)>& on_line) {
  if (auto owner = ControlClient::connect(socket_path(options.path))) {
    if (!owner->write_line(request)) {
      return Problem{.what = "the running process closed the connection", .value = {}, .advice = "try again"};
    }
    bool answered = false;
    while (auto line = owner->read_line(kAnswerPatience)) {
      answered = true;
      on_line(*line);
    }
    if (answered) return std::nullopt;
    return Problem{.what = "no answer from the running process", .value = {}, .advice = "see its log"};
  }
  if (!std::filesystem::exists(options.path)) {
    return Problem{.what = "there is no such database yet",
                   .value = options.path.string(),
                   .advice = "see the path setting in --help"};
  }
  const auto lock = InstanceLock::acquire(options.path);
  if (const auto* pid = std::get_if<pid_t>(&lock)) {
    return Problem{.what = "the database is in use by process " + std::to_string(*pid) + ", which does not answer",
                   .value = options.path.string(),
                   .advice = "try again"};
  }
  Queue queue{options};
  answer(queue, request, [&on_line](std::string_view line) {
    on_line(line);
    return true;
  });
  return std::nullopt;
}

}  // namespace solar
