#include "shared/name_lookup.hpp"

#include <sys/socket.h>

#include <mutex>
#include <thread>
#include <utility>

namespace solar {
namespace {

int resolve_with(const NameLookup::Resolve& resolve, const std::string& host, const std::string& port, int flags,
                 Addresses& addresses) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found{};
  const int error = resolve(host.c_str(), port.c_str(), &hints, &found);
  if (found != nullptr) addresses.reset(found, ::freeaddrinfo);
  return error;
}

}  // namespace

struct NameLookup::Run {
  std::string host;
  std::string port;
  std::function<void()> done;
  Resolve resolve;
  std::mutex mutex;  ///< of the following
  std::optional<int> result;
  Addresses addresses;
  bool left{};  ///< by the owner

  void run() {
    Addresses found;
    const int error = resolve_with(resolve, host, port, 0, found);
    const std::lock_guard lock{mutex};
    result = error;
    addresses = std::move(found);
    if (!left) done();
  }
};

NameLookup::NameLookup(std::string host, std::string port, std::function<void()> done, Resolve resolve)
    : run_{std::make_shared<Run>()} {
  run_->host = std::move(host);
  run_->port = std::move(port);
  run_->done = std::move(done);
  run_->resolve = std::move(resolve);
  if (resolve_with(::getaddrinfo, run_->host, run_->port, AI_NUMERICHOST, run_->addresses) == 0) {
    run_->result = 0;
    return;
  }
  std::thread{[run = run_] { run->run(); }}.detach();
}

NameLookup::~NameLookup() {
  const std::lock_guard lock{run_->mutex};
  run_->left = true;
}

std::optional<int> NameLookup::result() const {
  const std::lock_guard lock{run_->mutex};
  return run_->result;
}

Addresses NameLookup::addresses() const {
  const std::lock_guard lock{run_->mutex};
  return run_->addresses;
}

}  // namespace solar
