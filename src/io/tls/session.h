// Session: TLS of one TCP connection, on either side.
//
// Bytes go straight between the socket and the caller's buffers: ciphertext passes through the
// core's Workspace, and a session keeps only what the kernel did not take, what came behind the
// caller's budget, and the beginning of a record whose end has not come. All calls return at once.
//
// Source:  RFC 8446 (TLS 1.3), RFC 5246 (1.2); BoringSSL's <openssl/ssl.h>.
// Thread:  core-local.
// Memory:  while idle an SSL that has shed its handshake (3 to 4 KiB) and itself; no buffers.
//          All sessions of a core share the BIO of its Workspace.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sys/uio.h>

#include "base/time.h"
#include "io/chunk.h"
#include "io/socket.h"
#include "io/tls/handshake_facts.h"

struct bio_method_st;
struct bio_st;
struct cbb_st;  // NOLINT(readability-identifier-naming): BoringSSL's name.
struct ssl_ctx_st;
struct ssl_st;

namespace pear::io::tls {

class CertificateSet;
class ClientContext;
class CompressedCertificates;
class ServerContexts;
class Session;

enum class Version : std::uint8_t { Tls12, Tls13 };
// Certificates may come compressed (RFC 8879).
enum class CertificateCompression : std::uint8_t { Use, Refuse };

// What ALPN chose (RFC 7301). None: the client offered nothing, and speaks HTTP/1.1.
enum class Application : std::uint8_t { None, Http11, Http2, Http3 };

// What the sessions of a core share: buffers that are full only within a call, and the compressed
// certificates of RFC 8879. Outlives its sessions.
class Workspace {
 public:
  static constexpr std::size_t kCiphertextInBytes = 32UL * 1024;
  static constexpr std::size_t kRecordBytes = 16UL * 1024;
  static constexpr std::size_t kCiphertextOutBytes = 80UL * 1024;

  // `chunks` must outlive the workspace.
  explicit Workspace(ChunkPool& chunks);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  Workspace(Workspace&&) = delete;
  Workspace& operator=(Workspace&&) = delete;

  // The wall clock of the turn: what certificates and tickets are judged by.
  void set_wall_time(WallTime now) { now_ = now; }

 private:
  friend class ClientContext;
  friend class QuicSession;
  friend class ServerContexts;
  friend class Session;
  friend struct HandshakeFacts;

  ChunkPool& chunks_;
  WallTime now_{};
  std::unique_ptr<char[]> in_;
  std::unique_ptr<char[]> record_;  // Plaintext of several pieces, on its way into one record.
  std::unique_ptr<char[]> out_;
  // Of the call that runs:
  Session* session_ = nullptr;     // Null between calls.
  std::span<const char> arrived_;  // Of in_: what the session has not read yet.
  std::size_t out_bytes_ = 0;
  std::unique_ptr<CompressedCertificates> compressed_;
  bio_method_st* method_ = nullptr;  // Owned, as is bio_: the way between SSL and these buffers.
  bio_st* bio_ = nullptr;
};

class Session {
  // Only accept() and connect() make sessions.
  struct Made {
    explicit Made() = default;
  };

 public:
  enum class Progress : std::uint8_t {
    Done,
    WouldBlock,  // Wait for the next event of the socket, whichever it is.
    Failed,      // The alert, if there is one to send, has been sent. problem() says why.
  };

  // The server's side, which holds the contexts. Null without memory.
  [[nodiscard]] static std::unique_ptr<Session> accept(
      std::shared_ptr<const ServerContexts> contexts, Workspace& workspace);
  // The client's side; `server_name` is sent as SNI where it is a name, and verified where the
  // context verifies. `context` must outlive the session. Null without memory.
  [[nodiscard]] static std::unique_ptr<Session> connect(const ClientContext& context,
                                                        std::string_view server_name,
                                                        Workspace& workspace);
  Session(Made, Workspace& workspace);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;

  // Goes on with the handshake as far as the socket allows. After Done it drops its handshake's
  // memory and is not called again; the first bytes of the peer may have come with the end of its
  // handshake, so receive() follows at once.
  [[nodiscard]] Progress handshake(int fd);
  // For logs, after Failed (also of receive() and send()): the reason in words, or BoringSSL's name
  // for it, without bytes of the peer. "the peer closed the connection" where that is all. Lives as
  // long as the program.
  [[nodiscard]] std::string_view problem() const;

  // After Failed: the client may be told, in plain HTTP, to use https.
  [[nodiscard]] bool client_spoke_plain_http() const;

  // ---- After the handshake.

  [[nodiscard]] Application application() const;
  // What the client asked for by SNI, in lower case; empty when it did not.
  [[nodiscard]] std::string_view server_name() const;
  // Of this server, in use here; null on the client's side. Lives as long as the session.
  [[nodiscard]] const CertificateSet* certificates() const;
  // "TLSv1.3", "TLSv1.2".
  [[nodiscard]] std::string_view version() const;
  // "X25519MLKEM768", "P-256".
  [[nodiscard]] std::string_view key_exchange() const;
  [[nodiscard]] bool resumed() const;
  // As HandshakeFacts has it. Lives as long as the session.
  [[nodiscard]] std::string_view client_subject() const;
  [[nodiscard]] const HandshakeFacts& facts() const { return facts_; }

  // Plaintext, as io::receive(), from at most one full read of the socket. `drained` of the
  // outcome: the socket and the session hold nothing more now. Until then, or until WouldBlock,
  // read on: what the session holds comes with no event. A close_notify is Ended, a FIN without one
  // is too (HTTP frames say what is complete). A peer that breaks the protocol is Failed with
  // EPROTO.
  [[nodiscard]] Transfer receive(int fd, std::span<char> buffer);
  // Takes plaintext, as io::send(): all that it takes is on its way, in the kernel or in here. It
  // takes less than it was given only when the kernel takes no more, so that has_unsent() holds.
  // WouldBlock while bytes of an earlier call still wait: nothing was taken, see flush().
  // Last::Yes: once all is taken, close_notify follows it; the caller then ends the socket's
  // writing at once.
  enum class Last : std::uint8_t { No, Yes };
  [[nodiscard]] Transfer send(int fd, std::span<const iovec> pieces, Last last = Last::No);
  // The peer has sent more than was read yet; the socket may hold yet more.
  [[nodiscard]] bool has_unread() const { return !unread_.empty(); }
  // Ciphertext waits for the kernel: call flush() when the socket is writable.
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  // Done (with 0 bytes): nothing waits any more.
  [[nodiscard]] Transfer flush(int fd);
  // Says close_notify, which may have to wait like any other bytes: see has_unsent().
  void say_goodbye(int fd, More more = More::No);

 private:
  friend class ClientContext;
  friend class QuicSession;
  friend class ServerContexts;
  friend class Workspace;
  friend struct HandshakeFacts;
  class Turn;

  // What both sides' contexts have in common: versions, cipher suites, groups, no session cache,
  // compression of certificates. False without memory.
  [[nodiscard]] static bool configure(ssl_ctx_st& context, Version version_min, Version version_max,
                                      CertificateCompression compression);
  static int compress_certificate(ssl_st* ssl, cbb_st* out, const std::uint8_t* in,
                                  std::size_t in_bytes);
  static int read_bio(bio_st* bio, char* target, int bytes);
  static int write_bio(bio_st* bio, const char* bytes, int count);
  static long control_bio(bio_st* bio, int command, long number, void* pointer);

  [[nodiscard]] bool adopt(ssl_st* ssl);
  void finish_handshake();
  Progress fail_handshake(std::string_view problem);
  [[nodiscard]] Transfer fail_transfer();
  void keep_outgoing(std::string_view ciphertext);
  void add_goodbye();
  Transfer push(int fd, More more = More::No);
  [[nodiscard]] Transfer read_plaintext(std::span<char> buffer);

  Workspace& workspace_;
  ssl_st* ssl_ = nullptr;  // Owned.
  ByteQueue unread_;       // Ciphertext behind what the caller had room for.
  ByteQueue unsent_;       // Ciphertext that the kernel did not take.
  HandshakeFacts facts_;
  const ClientContext* client_ = nullptr;  // Borrowed; null on the server's side.
  std::string_view problem_;
  Application application_ = Application::None;
  bool resumed_ = false;
  bool finished_ = false;  // The handshake.
};
static_assert(sizeof(Session) <= 200, "every connection with TLS has one");

}  // namespace pear::io::tls
