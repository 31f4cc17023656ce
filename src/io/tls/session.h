// Session: TLS of one TCP connection, on either side.
//
// Bytes go straight between the socket and the caller's buffers: ciphertext passes through the
// core's Workspace, and a session keeps only what the kernel did not take, what came behind the
// caller's budget, and the beginning of a record whose end has not come. All calls return at once.
//
// Source:  RFC 8446 (TLS 1.3), RFC 5246 (1.2); BoringSSL's <openssl/ssl.h>.
// Thread:  core-local.
// Memory:  while idle an SSL that has shed its handshake (3 to 4 KiB) and itself; no buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <sys/uio.h>

#include "base/time.h"
#include "io/chunk.h"
#include "io/socket.h"

struct ssl_st;

namespace pear::io::tls {

class CertificateSet;
class ClientContext;
class ServerContexts;

// What ALPN chose (RFC 7301). None: the client offered nothing, and speaks HTTP/1.1.
enum class Application : std::uint8_t { None, Http11, Http2, Http3 };

// What the sessions of a core share: buffers that are full only within a call.
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
  friend class Session;

  ChunkPool& chunks_;
  WallTime now_{};
  std::unique_ptr<char[]> in_;
  std::unique_ptr<char[]> record_;  // Plaintext of several pieces, on its way into one record.
  std::unique_ptr<char[]> out_;
};

class Session {
 public:
  enum class Progress : std::uint8_t {
    Done,
    WouldBlock,  // Wait for the next event of the socket, whichever it is.
    Failed,      // The alert, if there is one to send, has been sent. problem() says why.
  };

  // The server's side. The contexts are held until the handshake is over. Null without memory.
  [[nodiscard]] static std::unique_ptr<Session> accept(
      std::shared_ptr<const ServerContexts> contexts, Workspace& workspace);
  // The client's side; `server_name` is sent as SNI where it is a name, and verified where the
  // context verifies. Null without memory.
  [[nodiscard]] static std::unique_ptr<Session> connect(const ClientContext& context,
                                                        std::string_view server_name,
                                                        Workspace& workspace);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;

  // Goes on with the handshake as far as the socket allows. After Done it drops its handshake's
  // memory and is not called again.
  [[nodiscard]] Progress handshake(int fd);
  // For logs, after Failed: OpenSSL's reason in words, without bytes of the peer. "the client closed
  // the connection" where that is all.
  [[nodiscard]] std::string_view problem() const;

  // ---- After the handshake.

  [[nodiscard]] Application application() const;
  // What the client asked for by SNI, in lower case; empty when it did not.
  [[nodiscard]] std::string_view server_name() const;
  // Of this server, in use here; null on the client's side. Lives as long as the session.
  [[nodiscard]] const CertificateSet* certificates() const;
  // "TLSv1.3", "TLSv1.2".
  [[nodiscard]] std::string_view version() const;
  [[nodiscard]] bool resumed() const;
  // The subject of the verified client certificate as RFC 4514 has it ("CN=alice,O=Example");
  // empty without one. Lives as long as the session.
  [[nodiscard]] std::string_view client_subject() const;

  // Plaintext, as io::receive(). `drained` of the outcome: the socket and the session hold nothing
  // more now. A close_notify is Ended, a FIN without one is too (HTTP frames say what is complete).
  [[nodiscard]] Transfer receive(int fd, std::span<char> buffer);
  // Takes plaintext, as io::send(): all that it takes is on its way, in the kernel or in here.
  // WouldBlock while bytes of an earlier call still wait: nothing was taken, see flush().
  [[nodiscard]] Transfer send(int fd, std::span<const iovec> pieces);
  // Ciphertext waits for the kernel: call flush() when the socket is writable.
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  // Done (with 0 bytes): nothing waits any more.
  [[nodiscard]] Transfer flush(int fd);
  // Says close_notify, which may have to wait like any other bytes.
  void say_goodbye(int fd);

 private:
  explicit Session(Workspace& workspace);

  Workspace& workspace_;
  ssl_st* ssl_ = nullptr;  // Owned.
  ByteQueue unread_;       // Ciphertext behind what the caller had room for.
  ByteQueue unsent_;       // Ciphertext that the kernel did not take.
};

}  // namespace pear::io::tls
