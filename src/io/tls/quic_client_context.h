// QuicClientContext: TLS of QUIC connections on the client's side, for tests and load: it believes
// every certificate.
//
// Thread: core-local.
#pragma once

#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace pear::io::tls {

class QuicClientContext {
 public:
  QuicClientContext();
  ~QuicClientContext();
  QuicClientContext(const QuicClientContext&) = delete;
  QuicClientContext& operator=(const QuicClientContext&) = delete;
  QuicClientContext(QuicClientContext&&) = delete;
  QuicClientContext& operator=(QuicClientContext&&) = delete;

  // For a transport, which owns it from now on. `server_name` is sent as SNI where it is a name.
  // Null without memory.
  [[nodiscard]] ssl_st* open(std::string_view server_name) const;

 private:
  ssl_ctx_st* context_;  // Owned.
};

}  // namespace pear::io::tls
