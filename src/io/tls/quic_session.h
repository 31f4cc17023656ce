// QuicSession: TLS of one QUIC connection, on the server's side: which certificate is shown, what
// is asked of the client, and what came of it. The handshake itself is the transport's (RFC 9001),
// which owns the SSL.
//
// Thread: core-local.
#pragma once

#include <memory>
#include <span>

#include "io/tls/handshake_facts.h"
#include "io/tls/session.h"

namespace pear::io::tls {

class QuicSession {
  struct Key {};  // Only accept() has it.

 public:
  // Null without memory. Outlives the transport that release() gives its SSL to.
  [[nodiscard]] static std::unique_ptr<QuicSession> accept(
      std::shared_ptr<const ServerContexts> contexts, Workspace& workspace);
  QuicSession(Key key, Workspace& workspace);
  ~QuicSession();
  QuicSession(const QuicSession&) = delete;
  QuicSession& operator=(const QuicSession&) = delete;
  QuicSession(QuicSession&&) = delete;
  QuicSession& operator=(QuicSession&&) = delete;

  // For the transport, which owns it from now on. Once.
  [[nodiscard]] ssl_st* release();
  // Right after: early data is taken only from clients that were told the same `limits` when they
  // got their ticket (RFC 9001, section 4.6.1).
  void bind_early_data(std::span<const std::uint8_t> limits);
  // The handshake is complete, or early data may be read.
  void on_established() { facts_.note_client(ssl_); }

  [[nodiscard]] const HandshakeFacts& facts() const { return facts_; }

 private:
  HandshakeFacts facts_;
  ssl_st* ssl_ = nullptr;  // Owned until release(), the transport's afterwards.
  bool released_ = false;
};

}  // namespace pear::io::tls
