// ServerSession: the server's side of one HTTP/2 connection: frames in, requests out; responses in,
// frames out. No sockets, no clock.
//
// nghttp2 does framing, HPACK, flow control and priorities; what a message may look like is the
// rule book's (http/head_builder.h), and what a client may cost is FloodGuard's (flood_guard.h).
//
// Source:  RFC 9113, RFC 7541, RFC 9218 (priorities). RFC 7540's priorities are parsed and ignored.
// Thread:  core-local.
// Memory:  from SessionMemory of the core; see README.md for what an idle session keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "http/field.h"
#include "http/head_builder.h"
#include "http/http2/closed_streams.h"
#include "http/http2/error_code.h"
#include "http/http2/flood_guard.h"
#include "http/http2/frame_reader.h"
#include "http/refusal.h"
#include "http/session_owner.h"
#include "http/stream_owner.h"

struct nghttp2_session;

namespace pear::http2 {

class ServerSession;
class SessionMemory;

struct SessionOptions {
  http::HeadLimits head;
  std::uint32_t streams_max = 100;          // Open at a time (SETTINGS_MAX_CONCURRENT_STREAMS).
  std::uint32_t stream_window = 64 * 1024;  // Bytes of a request body before its reader takes any.
  std::uint32_t connection_window = 1024 * 1024;  // Of all bodies together.
  std::uint32_t header_table = 4096;  // Bytes of HPACK's table, each way: kept while idle.
  FloodLimits floods;
};

// One request's owner, to whom the session talks from within receive() and write().
using StreamOwner = http::StreamOwner<ErrorCode>;

// The connection's owner.
using SessionOwner = http::SessionOwner<std::int32_t, ErrorCode, Offence>;

class ServerSession {
  struct Key {};  // Only make() has it.

 public:
  ServerSession(Key key, const SessionOptions& options, SessionOwner& owner, SessionMemory& memory);
  // Null without memory. The server's SETTINGS wait to be written.
  [[nodiscard]] static std::unique_ptr<ServerSession> make(const SessionOptions& options,
                                                           SessionOwner& owner,
                                                           SessionMemory& memory);
  // Calls on_closed() of every stream that is open.
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;
  ServerSession(ServerSession&&) = delete;
  ServerSession& operator=(ServerSession&&) = delete;

  // Takes all of `input`. False: the connection is over once what write() gives has been sent
  // (a GOAWAY says why). Some errors show only with write(): see over().
  [[nodiscard]] bool receive(std::span<const char> input, MonotonicTime now);

  // The client sends no more: what it has not sent whole is over, the rest is still answered.
  void end_input();

  // Serialises what is due into `out`, which has at least kWriteBytesMin; returns how many bytes.
  // 0: that was all for now.
  static constexpr std::size_t kWriteBytesMin = 17UL * 1024;
  [[nodiscard]] std::size_t write(std::span<char> out);
  [[nodiscard]] bool wants_write() const;
  // Nothing will be read or written any more: the connection can be closed.
  [[nodiscard]] bool over() const;

  // ---- For a stream whose owner was given by on_request(), until on_closed().

  using ResponseHead = http::ResponseHead;
  // The final response. Its body is asked of the owner as the client has room. Once it is sent, a
  // request that has not ended is stopped (RST_STREAM with NO_ERROR) and its rest thrown away.
  void respond(std::int32_t stream, const ResponseHead& head);
  // The owner has an interim response (100, 103): next_interim() will be asked, before respond().
  void inform(std::int32_t stream);
  // What the client takes of a head or of trailers, as http::field_section_size() counts it;
  // UINT64_MAX while it has not said so.
  [[nodiscard]] std::uint64_t section_max() const;
  // body_ready() has more to say than before.
  void resume(std::int32_t stream);
  // `bytes` of the request's body were used up: the client may send as many again, on this stream
  // and on the connection. What a stream has not used up when it closes, the connection gets back:
  // a reader that stands still holds at most one stream_window, until its deadline.
  void consume(std::int32_t stream, std::size_t bytes);
  // Ends it: on_closed() comes from within receive() or write(), not from here.
  void reset(std::int32_t stream, ErrorCode error);

  // ---- The end (RFC 9113, section 6.8).

  // First step: tells the client to open no more streams here. Those on their way are served.
  void announce_shutdown();
  // Second step, a round trip later: names the last stream that is served.
  void finish_shutdown();
  // At once, with an error.
  void terminate(ErrorCode error);

  [[nodiscard]] std::size_t streams_open() const { return streams_open_; }
  // A header block has begun and is not complete: nothing else can come before its end.
  [[nodiscard]] bool in_header_block() const { return builder_ != nullptr; }

  // Nothing has happened for a while: gives back memory that only a busy session needs.
  void idle();
  // What this session holds, in bytes of physical memory. For tests and figures.
  [[nodiscard]] std::size_t resident_bytes() const;

 private:
  struct Stream;
  struct Callbacks;  // nghttp2's, which call the functions below.
  enum class Verdict : std::uint8_t { Pass, Drop, Ended };

  [[nodiscard]] bool open();
  [[nodiscard]] bool submit_first_frames();
  [[nodiscard]] Stream* find(std::int32_t stream) const;
  void destroy(Stream& stream);
  void cut(Offence offence);
  void fail_connection(ErrorCode error);
  void note_end();  // nghttp2 ends the connection.

  // ---- receiving.cc: frames on their way to nghttp2.
  void give(std::span<const char> bytes);
  void give_run();
  [[nodiscard]] Verdict judge(const FrameHead& head);
  [[nodiscard]] Verdict judge_block(const FrameHead& head);
  [[nodiscard]] Verdict judge_stream(const FrameHead& head);
  [[nodiscard]] Verdict judge_late(const FrameHead& head);
  [[nodiscard]] Verdict judge_priority(const FrameHead& head);
  [[nodiscard]] Verdict judge_window(const FrameHead& head);
  [[nodiscard]] Verdict count(Offence offence);
  void fail_stream(std::uint32_t stream, ErrorCode error);

  // ---- requests.cc: what nghttp2 made of them.
  void finish_head(Stream& stream, http::HeadBuilder::Body body);
  void finish_trailers(Stream& stream, bool ended);
  [[nodiscard]] bool has_default_priority(std::int32_t stream) const;
  void take_body(Stream& stream, std::string_view bytes);
  void finish_body(Stream& stream, std::span<const http::Field> trailers);
  void refuse_head(Stream& stream, const http::Refusal& refusal);
  void fail_request(Stream& stream, const http::Refusal& refusal);
  void apply_priority(std::int32_t stream, std::span<const http::Field> fields);
  void close(Stream& stream, ErrorCode error);

  // ---- sending.cc
  void append(const void* bytes, std::size_t count);
  void send_sections(Stream& stream);
  [[nodiscard]] bool submit(Stream& stream, const http::InterimHead& head);
  [[nodiscard]] bool submit(Stream& stream, const ResponseHead& head);
  void write_rest();
  void after_end_of_response(std::int32_t stream);
  void finish(Stream& stream, ErrorCode error);

  SessionOptions options_;
  SessionOwner& owner_;
  SessionMemory& memory_;
  nghttp2_session* session_ = nullptr;  // Owned.
  void* frame_buffer_ = nullptr;        // Part of *session_: its buffer for a frame that is sent.

  FloodGuard guard_;
  FrameReader reader_;
  ClosedStreams closed_streams_;
  std::span<const char> run_;  // Input that was read, but not yet given to nghttp2.
  MonotonicTime now_{};
  std::uint32_t newest_stream_ = 0;
  std::uint32_t block_stream_ = 0;  // Whose header block is not complete, or 0.
  std::uint32_t block_bytes_ = 0;
  std::uint32_t continuations_ = 0;
  bool settings_seen_ = false;
  bool goaway_seen_ = false;
  bool shutting_down_ = false;
  bool ended_ = false;   // A GOAWAY with an error waits to be sent, or was.
  bool broken_ = false;  // nghttp2 cannot write any more.

  std::unique_ptr<http::HeadBuilder> builder_;  // While a header block is on its way.
  base::IntrusiveList<Stream> streams_;
  std::size_t streams_open_ = 0;

  std::span<char> out_;           // What write() may still write to.
  Stream* unfinished_ = nullptr;  // Whose field section must go on before all else.
  std::size_t held_bytes_ = 0;    // Of memory_.
};

}  // namespace pear::http2
