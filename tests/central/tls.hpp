// The reference central server's side of TLS.
#pragma once

#include <httplib.h>

#include <memory>
#include <string>

#include "tests/central/tls_files.hpp"

namespace solar::central {

/// A server over TLS 1.2 or later, or a plain one. Throws std::runtime_error that names the file which does not do.
[[nodiscard]] std::unique_ptr<httplib::Server> make_server(const TlsFiles& files);

/// The common name of the certificate that the client showed; empty without one.
[[nodiscard]] std::string client_name(const httplib::Request& request);

}  // namespace solar::central
