// Which files the reference central server's TLS is made of.
#pragma once

#include <string>

namespace solar::central {

struct TlsFiles {
  std::string certificate;  ///< PEM, with whatever chain follows it; empty: plain HTTP
  std::string key;
  std::string client_ca;  ///< empty: nobody needs a certificate
};

}  // namespace solar::central
