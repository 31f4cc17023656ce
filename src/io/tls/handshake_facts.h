// HandshakeFacts: what the TLS handshake of one connection has settled, be it for TCP or for QUIC.
//
// Thread: core-local.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace pear::io::tls {

class CertificateSet;
class ServerContexts;
class Workspace;
struct ClientPolicy;

struct HandshakeFacts {
  explicit HandshakeFacts(Workspace& of_core);
  ~HandshakeFacts();
  HandshakeFacts(const HandshakeFacts&) = delete;
  HandshakeFacts& operator=(const HandshakeFacts&) = delete;
  HandshakeFacts(HandshakeFacts&&) = delete;
  HandshakeFacts& operator=(HandshakeFacts&&) = delete;

  // The ones that a callback of BoringSSL is about.
  [[nodiscard]] static HandshakeFacts& of(const ssl_st* ssl);
  // After the handshake, or as soon as early data may be read.
  void note_client(const ssl_st* ssl);

  // The subject of the verified client certificate as RFC 4514 has it ("CN=alice,O=Example");
  // empty without one.
  [[nodiscard]] std::string_view client_subject_view() const;

  Workspace& workspace;
  std::shared_ptr<const ServerContexts> contexts;  // Null on the client's side.
  const CertificateSet* certificates = nullptr;    // In contexts.
  const ClientPolicy* policy = nullptr;            // In contexts; null: Off.
  std::string server_name;                         // Canonical; empty without SNI.
  std::unique_ptr<std::string> client_subject;     // Null without a client certificate.
  bool quic = false;
  bool offers_early_data = false;  // The ClientHello does.
};

}  // namespace pear::io::tls
