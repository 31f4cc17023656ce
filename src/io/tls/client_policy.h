// ClientPolicy: a ClientRule with its authorities loaded.
//
// Thread: any (immutable; an X509_STORE locks itself).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <openssl/base.h>
#include <openssl/pool.h>
#include <openssl/stack.h>

#include "io/tls/server_contexts.h"

namespace pear::io::tls {

struct ClientPolicy {
  std::vector<std::string> hosts;  // Canonical; empty: every host.
  ClientCheck check = ClientCheck::Off;
  bssl::UniquePtr<X509_STORE> authorities;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> authority_names;  // DER, for the client to choose by.
  // Of the authorities' certificates: policies of two loads are compared by it.
  std::array<std::uint8_t, 32> digest{};
};

}  // namespace pear::io::tls
