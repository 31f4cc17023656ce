// ClientContext: how sessions of the client's side are made: for `pear bench`, health checks,
// tests.
//
// Thread: of one thread at a time when it keeps tickets, else any.
// Owner: outlives its sessions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/tls/server_contexts.h"
#include "io/tls/session.h"

struct ssl_session_st;
struct ssl_st;

namespace pear::io::tls {

struct ClientOptions {
  enum class Verify : std::uint8_t {
    Off,          // Whoever answers: only for what this machine runs itself.
    SystemRoots,  // What Debian's or Red Hat's ca-certificates installed, and `authorities`.
    Authorities,  // Those alone.
  };
  Verify verify = Verify::SystemRoots;
  std::filesystem::path authorities;            // PEM. May be empty with SystemRoots.
  std::vector<Application> applications;        // For ALPN, in order; empty: none is offered.
  std::optional<CertificateFiles> certificate;  // Shown to servers that ask.
  Version version_min = Version::Tls12;
  Version version_max = Version::Tls13;
  // As in TLS ("signature_algorithms"), in order; empty: BoringSSL's.
  std::vector<std::uint16_t> signature_algorithms;
  // Keep the tickets that come, and offer one to the same name with the next session: the last one,
  // again and again; or each once, with early data (QUIC only: a server takes that of a ticket but
  // once).
  enum class Resume : std::uint8_t { No, LastTicket, EachOnce };
  Resume resume = Resume::No;
  // HybridFirst offers X25519MLKEM768 before X25519; ClassicOnly is for peers to compare with that
  // have no hybrid, which costs more.
  enum class KeyExchange : std::uint8_t { HybridFirst, ClassicOnly };
  KeyExchange key_exchange = KeyExchange::HybridFirst;
  CertificateCompression compression = CertificateCompression::Use;
};

// Who ended a QUIC handshake with an alert of TLS (RFC 9001, section 4.8).
enum class AlertOf : std::uint8_t { Us, Peer };

class ClientContext {
 public:
  struct Loaded {
    std::unique_ptr<ClientContext> context;  // Null exactly when there are problems.
    std::vector<std::string> problems;       // Sentences.
  };
  // Reads files: not on a core's thread.
  [[nodiscard]] static Loaded load(const ClientOptions& options, WallTime now);

  // Of load().
  struct Parts;
  explicit ClientContext(std::unique_ptr<Parts> parts);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ClientContext(ClientContext&&) = delete;
  ClientContext& operator=(ClientContext&&) = delete;

  // For a QUIC transport.
  struct QuicStart {
    ssl_st* ssl = nullptr;  // The transport's from now on. Null without memory.
    std::string ticket;     // For Transport::Start; empty: none is offered.
    std::string ticket_parameters;
  };
  // `server_name` is sent as SNI where it is a name, and verified as with sessions, at `now`. The
  // context outlives the SSL.
  [[nodiscard]] QuicStart open_quic(std::string_view server_name, WallTime now);

  // Why a handshake of open_quic()'s SSL has ended with this alert: the words that
  // Session::problem() has for it. Lives as long as the program.
  [[nodiscard]] static std::string_view quic_problem(const ssl_st& ssl, std::uint8_t alert,
                                                     AlertOf side);

  // Of Resume: whether the next session has something to offer.
  [[nodiscard]] bool has_ticket() const { return tickets() > 0; }
  [[nodiscard]] std::size_t tickets() const;
  void forget_ticket();

 private:
  friend class Session;
  [[nodiscard]] ssl_st* open_ssl() const;
  // SNI, name to verify, ticket to offer. False without memory.
  [[nodiscard]] bool prepare(Session& session) const;
  [[nodiscard]] bool name_server(ssl_st* ssl, const std::string& name) const;
  static int on_ticket(ssl_st* ssl, ssl_session_st* ticket);

  std::unique_ptr<Parts> parts_;
};

}  // namespace pear::io::tls
