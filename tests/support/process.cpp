#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace solar::test {
namespace {

namespace fs = std::filesystem;

constexpr int kPipeBytes = 1 << 20;  // as much as Linux gives to everybody

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

fs::path output_path(const fs::path& log) { return log.string() + ".out"; }

int open_for_append(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) fail("open " + path.string());
  return fd;
}

std::vector<std::string> merged_environment(const Command& command) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : command.environment) replaced = replaced || key == name;
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [key, value] : command.environment) merged.push_back(key + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// What a child needs, made before the fork: after it only async-signal-safe calls are allowed.
struct Launch {
  explicit Launch(const Command& command)
      : argument_texts{command.program.string()}, environment_texts{merged_environment(command)} {
    argument_texts.insert(argument_texts.end(), command.arguments.begin(), command.arguments.end());
    arguments = pointers(argument_texts);
    environment = pointers(environment_texts);
  }
  std::vector<std::string> argument_texts;
  std::vector<std::string> environment_texts;
  std::vector<char*> arguments;
  std::vector<char*> environment;
};

[[noreturn]] void become(const Launch& launch, pid_t parent, int input, int output, int error) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvpe(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  constexpr std::string_view kMessage = "cannot execute\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(127);
}

Exit to_exit(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), true};
  return {WEXITSTATUS(status), false};
}

std::string proc_file(pid_t pid, const char* name) { return read_file("/proc/" + std::to_string(pid) + "/" + name); }

std::uint64_t status_number(const std::string& status, const std::string& field) {
  const std::size_t at = status.find("\n" + field + ":");
  return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + field.size() + 2, nullptr, 10);
}

std::optional<std::string> line_with(const std::string& text, std::string_view needle) {
  const std::size_t at = text.find(needle);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t end = text.find('\n', at);
  if (end == std::string::npos) return std::nullopt;
  const std::size_t newline_before = text.rfind('\n', at);
  const std::size_t begin = newline_before == std::string::npos ? 0 : newline_before + 1;
  return text.substr(begin, end - begin);
}

}  // namespace

Process::Process(const Command& command, fs::path log) : log_{std::move(log)} {
  ::signal(SIGPIPE, SIG_IGN);
  const Launch launch{command};
  int input[2] = {-1, -1};
  if (!command.standard_input.empty()) {
    input[0] = ::open(command.standard_input.c_str(), O_RDONLY | O_CLOEXEC);
    if (input[0] < 0) fail("open " + command.standard_input.string());
  } else if (::pipe2(input, O_CLOEXEC) != 0) {
    fail("pipe");
  } else {
    // Whoever feeds a program that waits (its disk is full) must not wait with it: room for 30,000 readings.
    static_cast<void>(::fcntl(input[1], F_SETPIPE_SZ, kPipeBytes));
    if (::fcntl(input[1], F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  }
  const int error = open_for_append(log_);
  const int output = open_for_append(output_path(log_));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(launch, parent, input[0], output, error);
  for (const int fd : {input[0], output, error}) ::close(fd);
  input_ = input[1];
  if (pid_ < 0) fail("fork");
}

Process::Process(Process&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      input_{std::exchange(other.input_, -1)},
      log_{std::move(other.log_)},
      exit_{std::exchange(other.exit_, std::nullopt)} {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill();
    close_input();
    pid_ = std::exchange(other.pid_, -1);
    input_ = std::exchange(other.input_, -1);
    log_ = std::move(other.log_);
    exit_ = std::exchange(other.exit_, std::nullopt);
  }
  return *this;
}

Process::~Process() {
  kill();
  close_input();
}

bool Process::running() { return pid_ > 0 && !wait(std::chrono::milliseconds{0}); }

void Process::signal(int number) const {
  if (pid_ > 0 && !exit_) ::kill(pid_, number);
}

void Process::freeze() const {
  signal(SIGSTOP);
  const auto stands = [](const fs::directory_entry& thread) {
    const std::string stat = read_file(thread.path() / "stat");
    const std::size_t name_end = stat.rfind(')');
    return name_end != std::string::npos && stat.substr(name_end).starts_with(") T");
  };
  const auto all_stand = [&] {
    const fs::directory_iterator threads{"/proc/" + std::to_string(pid_) + "/task"};
    return std::all_of(begin(threads), end(threads), stands);
  };
  if (!eventually(all_stand)) throw std::runtime_error{"process " + std::to_string(pid_) + " does not stop"};
}

void Process::kill() {
  if (pid_ <= 0 || exit_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_ = to_exit(status);
}

Exit Process::stop(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  if (!wait(patience)) kill();
  return exit_.value_or(Exit{});
}

std::optional<Exit> Process::wait(std::chrono::milliseconds patience) {
  const auto ended = [this] {
    int status = 0;
    if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_) exit_ = to_exit(status);
    return exit_.has_value();
  };
  [[maybe_unused]] const bool in_time = eventually(ended, patience);
  return exit_;
}

bool Process::write(std::string_view bytes, std::chrono::milliseconds patience) {
  while (!bytes.empty() && input_ >= 0) {
    pollfd room{.fd = input_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&room, 1, static_cast<int>(patience.count()));
    if (ready == 0) throw std::runtime_error{"process " + std::to_string(pid_) + " does not read its standard input"};
    const ssize_t written = ::write(input_, bytes.data(), bytes.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return bytes.empty();
}

void Process::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

std::string Process::log() const { return read_file(log_); }
std::string Process::output() const { return read_file(output_path(log_)); }

std::optional<std::string> Process::wait_for_line(std::string_view text, std::chrono::milliseconds patience) const {
  std::optional<std::string> line;
  const auto found = [&] {
    line = line_with(log(), text);
    if (!line) line = line_with(output(), text);
    return line.has_value();
  };
  [[maybe_unused]] const bool in_time = eventually(found, patience);
  return line;
}

Memory memory_of(pid_t pid) {
  const std::string status = proc_file(pid, "status");
  return {status_number(status, "VmRSS"), status_number(status, "RssAnon")};
}

std::size_t Process::open_files() const {
  const fs::path folder = "/proc/" + std::to_string(pid_) + "/fd";
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

std::size_t Process::threads() const { return status_number(proc_file(pid_, "status"), "Threads"); }

std::chrono::milliseconds Process::cpu_time() const {
  const std::string stat = proc_file(pid_, "stat");
  std::istringstream fields{stat.substr(std::min(stat.size(), stat.rfind(')') + 1))};
  std::string skipped;
  for (int field = 0; field < 11; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return std::chrono::milliseconds{(user + system) * 1000 / ::sysconf(_SC_CLK_TCK)};
}

Finished run(const Command& command, std::chrono::milliseconds patience) {
  const TemporaryDirectory folder;
  Process process{command, folder.path() / "log"};
  if (!process.wait(patience)) process.kill();
  return {*process.wait(), process.output(), process.log()};
}

TemporaryDirectory::TemporaryDirectory(const fs::path& below) {
  std::string pattern = (below / "solar-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail("mkdtemp");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!kept_ && std::getenv("SOLAR_KEEP_FILES") == nullptr) fs::remove_all(path_, ignored);
}

fs::path sibling(std::string_view program) {
  if (const char* folder = std::getenv("SOLAR_BIN_DIR")) return fs::path{folder} / program;
  return fs::read_symlink("/proc/self/exe").parent_path() / program;
}

std::string read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

void write_file(const fs::path& path, std::string_view text) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
}

void write_secret(const fs::path& path, std::string_view text) {
  const fs::path aside = path.string() + ".new";
  write_file(aside, {});
  fs::permissions(aside, fs::perms::owner_read | fs::perms::owner_write);
  write_file(aside, text);
  fs::rename(aside, path);
}

}  // namespace solar::test
