#include "io/tls/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include <openssl/base.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "io/tls/certificate_names.h"
#include "io/tls/client_context.h"
#include "io/tls/failure_reason.h"
#include "io/tls/record_pieces.h"
#include "io/tls/server_contexts.h"

namespace pear::io::tls {
namespace {

using Status = Transfer::Status;

// The most that one record of kRecordBytes becomes: header, explicit nonce, padding type, tag, and
// what a session ticket before it may need.
constexpr std::size_t kRecordWireMax = Workspace::kRecordBytes + 512;
static_assert(Workspace::kCiphertextOutBytes >= 4 * kRecordWireMax, "64 KiB leave with one call");

// Of one that ended or failed.
std::string_view text_of(const Transfer& transfer) {
  const bool closed = transfer.status == Status::Ended || transfer.os_errno == ECONNRESET;
  return closed ? kPeerClosed : kConnectionBroke;
}

}  // namespace

// ---- A call of BoringSSL for one session: the shared buffers are its own meanwhile.

class Session::Turn {
 public:
  explicit Turn(Session& session) : session_(session) {
    PEAR_ASSERT(session.workspace_.session_ == nullptr, "calls of sessions do not nest");
    session.workspace_.session_ = &session;
    ERR_clear_error();
  }
  ~Turn() {
    Workspace& workspace = session_.workspace_;
    PEAR_ASSERT(workspace.out_bytes_ == 0, "ciphertext would be sent by another session");
    const auto left = std::exchange(workspace.arrived_, {});
    if (!left.empty()) session_.unread_.append({left.data(), left.size()});
    workspace.session_ = nullptr;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn(Turn&&) = delete;
  Turn& operator=(Turn&&) = delete;

 private:
  Session& session_;
};

int Session::read_bio(bio_st* bio, char* target, int bytes) {
  BIO_clear_retry_flags(bio);
  auto& workspace = *static_cast<Workspace*>(BIO_get_data(bio));
  PEAR_ASSERT(workspace.session_ != nullptr, "BoringSSL reads only within a call");
  ByteQueue& unread = workspace.session_->unread_;
  const std::span<char> room(target, static_cast<std::size_t>(std::max(bytes, 0)));
  if (!unread.empty()) {
    const std::size_t count = unread.peek(room);
    unread.consume(count);
    return static_cast<int>(count);
  }
  const std::size_t count = std::min(room.size(), workspace.arrived_.size());
  if (count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(room.data(), workspace.arrived_.data(), count);
  workspace.arrived_ = workspace.arrived_.subspan(count);
  return static_cast<int>(count);
}

int Session::write_bio(bio_st* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  if (count <= 0) return 0;
  auto& workspace = *static_cast<Workspace*>(BIO_get_data(bio));
  PEAR_ASSERT(workspace.session_ != nullptr, "BoringSSL writes only within a call");
  workspace.session_->keep_outgoing({bytes, static_cast<std::size_t>(count)});
  return count;
}

long Session::control_bio(bio_st*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// In order: into the shared buffer until it is full, then behind what waits.
void Session::keep_outgoing(std::string_view ciphertext) {
  Workspace& workspace = workspace_;
  const std::size_t room = Workspace::kCiphertextOutBytes - workspace.out_bytes_;
  if (unsent_.empty() && ciphertext.size() <= room) {
    std::memcpy(workspace.out_.get() + workspace.out_bytes_, ciphertext.data(), ciphertext.size());
    workspace.out_bytes_ += ciphertext.size();
    return;
  }
  const std::size_t before = std::exchange(workspace.out_bytes_, 0);
  if (before > 0) unsent_.append({workspace.out_.get(), before});
  unsent_.append(ciphertext);
}

// Gives the kernel what BoringSSL wrote; the rest waits in unsent_.
Transfer Session::push(int fd, More more) {
  const std::size_t bytes = std::exchange(workspace_.out_bytes_, 0);
  if (bytes > 0) {
    const std::string_view out(workspace_.out_.get(), bytes);
    const iovec piece{.iov_base = workspace_.out_.get(), .iov_len = bytes};
    const Transfer sent = io::send(fd, std::span(&piece, 1), more);
    switch (sent.status) {
      case Status::Done:
        if (sent.bytes == bytes) return {.status = Status::Done};
        unsent_.append(out.substr(sent.bytes));
        break;
      case Status::WouldBlock:
        unsent_.append(out);
        return sent;
      case Status::Ended:
      case Status::Failed:
        return sent;
    }
  }
  return flush(fd);
}

Transfer Session::flush(int fd) {
  std::array<iovec, 16> views{};
  while (!unsent_.empty()) {
    const Transfer sent = io::send(fd, unsent_.views(views));
    if (sent.status != Status::Done) {
      if (sent.status != Status::WouldBlock) unsent_.clear();
      return sent;
    }
    unsent_.consume(sent.bytes);
  }
  return {.status = Status::Done};
}

// ---- Life.

Session::Session(Made, Workspace& workspace)
    : workspace_(workspace),
      unread_(workspace.chunks_),
      unsent_(workspace.chunks_),
      facts_(workspace) {}

Session::~Session() {
  PEAR_ASSERT(workspace_.session_ != this, "a session is not destroyed within its own call");
  SSL_free(ssl_);
}

bool Session::adopt(ssl_st* ssl) {
  if (ssl == nullptr) return false;
  ssl_ = ssl;
  BIO_up_ref(workspace_.bio_);
  SSL_set_bio(ssl_, workspace_.bio_, workspace_.bio_);
  SSL_set_shed_handshake_config(ssl_, 1);
  X509_VERIFY_PARAM_set_time_posix(
      SSL_get0_param(ssl_),
      std::chrono::floor<std::chrono::seconds>(workspace_.now_).time_since_epoch().count());
  return true;
}

std::unique_ptr<Session> Session::accept(std::shared_ptr<const ServerContexts> contexts,
                                         Workspace& workspace) {
  auto session = std::make_unique<Session>(Made(), workspace);
  if (!session->adopt(contexts->open_ssl())) return nullptr;
  session->facts_.contexts = std::move(contexts);
  SSL_set_accept_state(session->ssl_);
  return session;
}

std::unique_ptr<Session> Session::connect(const ClientContext& context,
                                          std::string_view server_name, Workspace& workspace) {
  auto session = std::make_unique<Session>(Made(), workspace);
  if (!session->adopt(context.open_ssl())) return nullptr;
  session->client_ = &context;
  session->facts_.server_name = canonical_host(server_name);
  SSL_set_connect_state(session->ssl_);
  if (!context.prepare(*session)) return nullptr;
  return session;
}

// ---- The handshake.

Session::Progress Session::fail_handshake(std::string_view problem) {
  problem_ = problem;
  return Progress::Failed;
}

Session::Progress Session::handshake(int fd) {
  const Turn turn(*this);
  for (;;) {
    if (!finished_) {
      const int outcome = SSL_do_handshake(ssl_);
      finished_ = outcome == 1;
      if (!finished_ && SSL_get_error(ssl_, outcome) != SSL_ERROR_WANT_READ) {
        const std::string_view reason = failure_reason(ssl_);
        workspace_.arrived_ = {};
        static_cast<void>(push(fd));  // The alert. The peer may be gone.
        return fail_handshake(reason);
      }
    }
    const Transfer pushed = push(fd);
    if (pushed.status == Status::Ended || pushed.status == Status::Failed) {
      return fail_handshake(text_of(pushed));
    }
    if (finished_) {
      if (has_unsent()) return Progress::WouldBlock;
      finish_handshake();
      return Progress::Done;
    }

    const Transfer arrived = io::receive(fd, {workspace_.in_.get(), Workspace::kCiphertextInBytes});
    switch (arrived.status) {
      case Status::Done:
        workspace_.arrived_ = {workspace_.in_.get(), arrived.bytes};
        break;
      case Status::WouldBlock:
        return Progress::WouldBlock;
      case Status::Ended:
      case Status::Failed:
        return fail_handshake(text_of(arrived));
    }
  }
}

void Session::finish_handshake() {
  const std::uint8_t* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &size);
  const std::string_view chosen(reinterpret_cast<const char*>(protocol), size);
  if (chosen == "h2") application_ = Application::Http2;
  if (chosen == "http/1.1") application_ = Application::Http11;
  resumed_ = SSL_session_reused(ssl_) == 1;
  facts_.note_client(ssl_);
}

// ---- After it.

Transfer Session::fail_transfer() {
  if (problem_.empty()) problem_ = failure_reason(ssl_);
  return {.status = Status::Failed, .os_errno = EPROTO};
}

// `drained`: nothing is left of what the socket gave.
Transfer Session::read_plaintext(std::span<char> buffer) {
  std::size_t total = 0;
  while (total < buffer.size()) {
    const std::size_t room = std::min<std::size_t>(buffer.size() - total, INT_MAX);
    const int count = SSL_read(ssl_, buffer.data() + total, static_cast<int>(room));
    if (count > 0) {
      total += static_cast<std::size_t>(count);
      continue;
    }
    const int error = SSL_get_error(ssl_, count);
    if (error == SSL_ERROR_WANT_READ) {
      if (total == 0) return {.status = Status::WouldBlock};
      return {.status = Status::Done, .bytes = total, .drained = true};
    }
    // The end, or a failure: both are still there at the next call.
    if (total > 0) break;
    unread_.clear();
    workspace_.arrived_ = {};
    return error == SSL_ERROR_ZERO_RETURN ? Transfer{.status = Status::Ended} : fail_transfer();
  }
  const bool drained = total == buffer.size() && unread_.empty() && workspace_.arrived_.empty() &&
                       SSL_pending(ssl_) == 0;
  return {.status = Status::Done, .bytes = total, .drained = drained};
}

Transfer Session::receive(int fd, std::span<char> buffer) {
  PEAR_DCHECK(!buffer.empty(), "zero bytes read would be taken for the end");
  const Turn turn(*this);
  // No more than the caller has room for, so that little is kept: the rest stays with the kernel.
  const std::size_t wanted =
      std::clamp(buffer.size() + 1024, std::size_t{4096}, Workspace::kCiphertextInBytes);
  // What was kept says nothing about the socket, which may have had an event since.
  bool socket_drained = false;
  Transfer outcome = read_plaintext(buffer);
  // Whole records of this size may have held nothing for the caller, and the socket still more.
  for (bool more = true; more && outcome.status == Status::WouldBlock;) {
    const Transfer arrived = io::receive(fd, {workspace_.in_.get(), wanted});
    if (arrived.status != Status::Done) {
      outcome = arrived;
      break;
    }
    workspace_.arrived_ = {workspace_.in_.get(), arrived.bytes};
    socket_drained = arrived.drained;
    outcome = read_plaintext(buffer);
    more = !arrived.drained;
  }
  outcome.drained = outcome.drained && socket_drained;
  // An alert; if it cannot be sent, the next call will say so.
  if (workspace_.out_bytes_ > 0) static_cast<void>(push(fd));
  return outcome;
}

Transfer Session::send(int fd, std::span<const iovec> pieces, Last last) {
  if (has_unsent()) return {.status = Status::WouldBlock};
  const Turn turn(*this);
  RecordPieces rest(pieces, {workspace_.record_.get(), Workspace::kRecordBytes});
  std::size_t taken = 0;
  for (;;) {
    while (workspace_.out_bytes_ + kRecordWireMax <= Workspace::kCiphertextOutBytes) {
      const std::span<const char> plaintext = rest.next();
      if (plaintext.empty()) break;
      const int count = SSL_write(ssl_, plaintext.data(), static_cast<int>(plaintext.size()));
      if (count <= 0) {
        static_cast<void>(push(fd));
        return fail_transfer();
      }
      PEAR_ASSERT(static_cast<std::size_t>(count) == plaintext.size(),
                  "the buffers take every record whole");
      taken += plaintext.size();
    }
    const bool ends = last == Last::Yes && rest.done();
    if (ends) add_goodbye();
    const Transfer pushed = push(fd, ends ? More::Follows : More::No);
    if (pushed.status == Status::Ended || pushed.status == Status::Failed) return pushed;
    if (has_unsent() || rest.done()) return {.status = Status::Done, .bytes = taken};
  }
}

// Once. Zero: said, and the peer has not said it. An error means that nothing can be said any more.
void Session::add_goodbye() {
  if ((SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) != 0) return;
  if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
}

void Session::say_goodbye(int fd, More more) {
  if (!finished_) return;
  const Turn turn(*this);
  add_goodbye();
  static_cast<void>(push(fd, more));
}

// ---- Queries.

std::string_view Session::problem() const {
  return problem_;
}
bool Session::client_spoke_plain_http() const {
  return problem_ == kSpokePlainHttp;
}
Application Session::application() const {
  return application_;
}
std::string_view Session::server_name() const {
  return facts_.server_name;
}
const CertificateSet* Session::certificates() const {
  return facts_.certificates;
}
std::string_view Session::version() const {
  return SSL_get_version(ssl_);
}
std::string_view Session::key_exchange() const {
  const char* const name = SSL_get_group_name(SSL_get_group_id(ssl_));
  return name == nullptr ? std::string_view() : std::string_view(name);
}
bool Session::resumed() const {
  return resumed_;
}
std::string_view Session::client_subject() const {
  return facts_.client_subject_view();
}

}  // namespace pear::io::tls
