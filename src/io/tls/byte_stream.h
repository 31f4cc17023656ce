// ByteStream: a TCP connection as its protocol sees it, with TLS or without.
//
// Thread: core-local. Owner: of the socket and of the TLS session.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include <sys/uio.h>

#include "io/socket.h"
#include "io/tls/session.h"
#include "io/unique_fd.h"

namespace pear::io::tls {

class ByteStream {
 public:
  explicit ByteStream(UniqueFd socket) : socket_(std::move(socket)) {}
  // `session` has done its handshake.
  ByteStream(UniqueFd socket, std::unique_ptr<Session> session)
      : socket_(std::move(socket)), session_(std::move(session)) {}

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Null without TLS.
  [[nodiscard]] const Session* session() const { return session_.get(); }
  [[nodiscard]] const HandshakeFacts* facts() const {
    return session_ == nullptr ? nullptr : &session_->facts();
  }

  [[nodiscard]] Transfer receive(std::span<char> buffer) {
    if (session_ == nullptr) [[likely]]
      return io::receive(fd(), buffer);
    return session_->receive(fd(), buffer);
  }
  [[nodiscard]] Transfer send(std::span<const iovec> pieces) {
    if (session_ == nullptr) [[likely]]
      return io::send(fd(), pieces);
    return session_->send(fd(), pieces);
  }
  [[nodiscard]] Transfer send(std::span<const char> bytes) {
    const iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    return send(std::span(&piece, 1));
  }
  // The last bytes: close_notify follows them, if all are taken, and the kernel waits for FIN to go
  // with them: close(), or shut_down_writing(), at once. Where some are not taken, go on as with
  // send(), and shut_down_writing().
  [[nodiscard]] Transfer send_last(std::span<const iovec> pieces) {
    if (session_ == nullptr) return io::send(fd(), pieces, More::Follows);
    return session_->send(fd(), pieces, Session::Last::Yes);
  }
  // Bytes that send() took wait here for the kernel: flush() when the socket is writable.
  [[nodiscard]] bool has_unsent() const { return session_ != nullptr && session_->has_unsent(); }
  // Done: nothing waits any more.
  [[nodiscard]] Transfer flush() {
    if (session_ == nullptr) return {.status = Transfer::Status::Done};
    const Transfer flushed = session_->flush(fd());
    if (flushed.status == Transfer::Status::Done && ends_) io::shut_down_writing(fd());
    return flushed;
  }
  // Before close(), where the peer has been sent all: close_notify, as far as the kernel takes it.
  void say_goodbye() {
    if (session_ != nullptr) session_->say_goodbye(fd(), More::Follows);
  }
  // Nothing more will be written: close_notify, FIN. Where bytes wait for the kernel, both follow
  // them: go on with flush() while has_unsent().
  void shut_down_writing() {
    ends_ = true;
    if (session_ != nullptr) {
      session_->say_goodbye(fd());
      if (session_->has_unsent()) return;
    }
    io::shut_down_writing(fd());
  }
  // FIN, behind what the kernel has.
  void close() {
    session_.reset();
    socket_.reset();
  }

 private:
  UniqueFd socket_;
  std::unique_ptr<Session> session_;
  bool ends_ = false;  // FIN is sent once nothing waits.
};

}  // namespace pear::io::tls
