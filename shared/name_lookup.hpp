// A host's name, resolved without making anybody wait.
#pragma once

#include <netdb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace solar {

/// What a name resolved to; never empty where it resolved.
using Addresses = std::shared_ptr<const addrinfo>;

/// Resolves a name on a thread of its own: where name servers are silent getaddrinfo takes half a minute, in which Paho
/// holds up all who call it. An address is known at once, and needs no thread.
///
/// Threads: all functions on the owner's; `done` is called on the lookup's own, at most once, never after the
/// destructor has returned. The destructor does not wait: getaddrinfo cannot be interrupted, so its thread is left
/// behind, and ends when that does, without a word.
class NameLookup {
 public:
  using Resolve = std::function<int(const char* host, const char* port, const addrinfo* hints, addrinfo** found)>;

  /// `resolve`: as getaddrinfo.
  NameLookup(std::string host, std::string port, std::function<void()> done, Resolve resolve = ::getaddrinfo);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// nullopt: not known yet; 0: there are addresses; otherwise what getaddrinfo says (EAI_...).
  [[nodiscard]] std::optional<int> result() const;
  /// Null unless result() is 0.
  [[nodiscard]] Addresses addresses() const;

 private:
  struct Run;
  std::shared_ptr<Run> run_;
};

}  // namespace solar
