// ServerContexts: the certificates of a server, ready for handshakes: which of them stands for
// which name, who must show a certificate of its own, and the keys of session tickets.
//
// Immutable: files that change are loaded into a new one, and connections go on with the one that
// they began with.
//
// Source: RFC 6066, section 3 (SNI); RFC 9525 (names); RFC 8446, section 4.6.1 (tickets).
// Thread: made on one, shared as shared_ptr<const ServerContexts>.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/tls/session.h"

struct ssl_st;

namespace pear::io::tls {

class StrikeRegister;
class TicketKeys;

// One certificate with its key, as files.
struct CertificateFiles {
  std::filesystem::path chain;  // PEM: the certificate, then those between it and the root.
  std::filesystem::path key;    // PEM.
  std::filesystem::path ocsp;   // DER response to staple; empty: none.
};

enum class ClientCheck : std::uint8_t { Off, Optional, Require };

// What the handshakes for some names ask of their clients.
struct ClientRule {
  std::vector<std::string> hosts;  // Exact or "*.example.com"; empty: every host.
  ClientCheck check = ClientCheck::Off;
  std::filesystem::path authorities;  // PEM: who may have signed a client's certificate.
};

struct ContextOptions {
  std::vector<CertificateFiles> certificates;  // The first stands for names that none is made for.
  std::vector<ClientRule> clients;
  Version version_min = Version::Tls12;
  bool http2 = true;  // Offer h2 by ALPN.
  // Shared by all that resume each other's sessions. Null: keys of these contexts alone.
  std::shared_ptr<TicketKeys> tickets;
  // Of all servers that share `tickets`: what makes early data of QUIC safe to take. Null: none is.
  std::shared_ptr<StrikeRegister> strikes;
};

// Certificates for the same names, one for each kind of key: the client's abilities choose.
class CertificateSet {
 public:
  struct Member {
    std::filesystem::path chain;
    std::string key_kind;  // "ECDSA P-256", "RSA 2048", "Ed25519".
    WallTime expires{};
  };
  // In lower case: the DNS names (or "*.example.com") and addresses of the certificates.
  [[nodiscard]] std::span<const std::string> names() const { return names_; }
  // Whether `host` (lower case, without port; IPv6 in brackets) is one of its names.
  [[nodiscard]] bool stands_for(std::string_view host) const;
  [[nodiscard]] std::span<const Member> members() const { return members_; }

 private:
  friend class ServerContexts;
  std::vector<std::string> names_;
  std::vector<Member> members_;
};

// What the operator has to mend, or should know about.
struct Finding {
  std::filesystem::path file;  // As the options name it; empty where it is about no file.
  std::string text;            // A sentence that begins with the file's name and says what to do.
};

class ServerContexts {
 public:
  // Contexts are made of the certificates that are right, the first of them standing for all other
  // names; one that is not is replaced by the one that `in_force` has from the same file. They are
  // null where there is none at all, and where a rule for clients is wrong, since leaving it out
  // would let clients in. Whoever wants all or nothing looks at `problems`. Warnings (a certificate
  // that expires within 14 days or has expired, one that no name reaches) do not stand in the way.
  struct Loaded {
    std::shared_ptr<const ServerContexts> contexts;
    std::vector<Finding> problems;
    std::vector<Finding> warnings;
    bool changed = true;  // Some certificate or rule is another one than in `in_force`.
  };
  // Reads the files: not on a core's thread. `in_force` may be null.
  [[nodiscard]] static Loaded load(const ContextOptions& options, WallTime now,
                                   const ServerContexts* in_force = nullptr);

  // Those of a server that has none: each handshake is refused with an alert.
  [[nodiscard]] static std::shared_ptr<const ServerContexts> refusing();

  // Of load().
  struct Parts;
  explicit ServerContexts(std::unique_ptr<Parts> parts);
  ~ServerContexts();
  ServerContexts(const ServerContexts&) = delete;
  ServerContexts& operator=(const ServerContexts&) = delete;
  ServerContexts(ServerContexts&&) = delete;
  ServerContexts& operator=(ServerContexts&&) = delete;

  [[nodiscard]] std::span<const std::unique_ptr<const CertificateSet>> sets() const;
  // One for each certificate that expires within 14 days or has expired; as in `warnings`.
  [[nodiscard]] std::vector<Finding> expiry_warnings(WallTime now) const;
  [[nodiscard]] bool takes_early_data() const;
  // Whether what the client showed in its handshake is enough for a request to `host` (lower case,
  // without port): the certificate in use stands for the host, and the host's ClientRule was met.
  // Else 421 (RFC 9110, section 15.5.20).
  [[nodiscard]] bool covers(const HandshakeFacts& facts, std::string_view host) const;

 private:
  friend class QuicSession;
  friend class Session;
  [[nodiscard]] ssl_st* open_ssl() const;

  std::unique_ptr<Parts> parts_;
};

}  // namespace pear::io::tls
