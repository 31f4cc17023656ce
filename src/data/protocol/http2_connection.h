// Http2Connection: one HTTP/2 connection: bytes in, exchanges, bytes out.
//
// What a turn's responses come to is written at its end, in one system call for all streams.
//
// Source:  RFC 9113.
// Thread:  core-local. Owned by its Http2Connections.
// Memory:  a session (http/http2), a stream for each open request, what the kernel did not take.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/intrusive_list.h"
#include "data/protocol/multiplexed_stream.h"
#include "data/protocol/peer.h"
#include "http/http2/server_session.h"
#include "io/chunk.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "io/tls/byte_stream.h"

namespace pear::data::protocol {

class Http2Connections;
class Shared;
struct UnwrittenTag;  // Connections that have something to write at the end of the turn.

class Http2Connection final : public io::IoHandler,
                              public http2::SessionOwner,
                              public base::ListHook<Http2Connection>,
                              public base::ListHook<UnwrittenTag> {
 public:
  Http2Connection(Http2Connections& owner, io::tls::ByteStream stream, Peer peer);
  ~Http2Connection() override;
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;
  Http2Connection(Http2Connection&&) = delete;
  Http2Connection& operator=(Http2Connection&&) = delete;

  // Begins with bytes that were read already. False: it is of no use.
  [[nodiscard]] bool open(std::span<const char> input);
  // Whether nothing is asked and nothing is owed; and since when.
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] MonotonicTime idle_since() const { return idle_since_; }
  void drain();
  // Writes what is due; called at the end of the turn.
  void write();
  // The connection is over; it is freed at the end of the turn.
  void close();

  void on_io(io::IoEvents events) override;
  [[nodiscard]] http2::StreamOwner* on_request(std::int32_t stream, const http::RequestHead& head,
                                               Body body) override;
  [[nodiscard]] http2::StreamOwner* on_refused(std::int32_t stream,
                                               const http::Refusal& refusal) override;
  void on_offence(http2::Offence offence) override;

  // ---- For its streams.
  [[nodiscard]] http2::ServerSession& session() { return *session_; }
  [[nodiscard]] Shared& shared();
  // There is something to write, at the end of the turn.
  void write_later();
  void on_stream_closed(Http2Stream& stream);

 private:
  friend class Http2Connections;
  // What the timer waits for.
  enum class Waiting : std::uint8_t {
    Nothing,
    FirstRequest,
    Head,   // The rest of a header block.
    Quiet,  // That nothing happens for a moment, before memory is given back.
    Idle,
    Write,
    LastStreams,  // The second step of a shutdown.
    Linger,
  };

  void read();
  void on_peer_ended();
  void leave();
  [[nodiscard]] bool may_read() const;
  [[nodiscard]] Http2Stream* open_stream(std::int32_t id);
  [[nodiscard]] Origin origin();
  // False: the kernel does not take more now, or the connection is closed.
  [[nodiscard]] bool flush_unsent();
  [[nodiscard]] bool all_sent() const { return unsent_.empty() && !stream_.has_unsent(); }
  void after_write();
  void rest();
  void watch_head();
  void shut_down();
  void linger();
  void wait_for(Waiting what);
  void on_timer(MonotonicTime now);

  Http2Connections& owner_;
  io::tls::ByteStream stream_;
  Peer peer_;
  io::Timer timer_ = io::Timer::calling<&Http2Connection::on_timer>(*this);
  io::ByteQueue unsent_;  // Output that the kernel did not take.
  std::unique_ptr<http2::ServerSession> session_;
  MonotonicTime linger_until_{};  // While it lingers.
  std::uint32_t requests_ = 0;    // Begun.
  Waiting waiting_ = Waiting::Nothing;
  bool peer_ended_ = false;    // It sends no more, and still reads.
  bool readable_ = false;      // The socket may hold more: it was not read to its end.
  bool peer_closing_ = false;  // Its FIN is in the socket, behind what it sent.
  MonotonicTime idle_since_{};
  bool shutdown_announced_ = false;
  bool shutdown_finished_ = false;
  bool broken_ = false;     // The session ends with what is still to be written.
  bool lingering_ = false;  // All is said; what still comes is thrown away.
  bool closed_ = false;
};

}  // namespace pear::data::protocol
